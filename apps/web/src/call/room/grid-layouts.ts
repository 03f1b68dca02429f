/** Grids in their order of size. The library's own begin two columns at 560 px, which gives a phone two tiles a page. */
export const GRID_LAYOUTS: {
  columns: number;
  rows: number;
  minWidth?: number;
  orientation?: 'landscape' | 'portrait';
}[] = [
  { columns: 1, rows: 1 },
  { columns: 1, rows: 2, orientation: 'portrait' },
  { columns: 2, rows: 1, orientation: 'landscape' },
  { columns: 2, rows: 2 },
  { columns: 2, rows: 3, orientation: 'portrait' },
  { columns: 3, rows: 2, orientation: 'landscape' },
  { columns: 2, rows: 4, orientation: 'portrait' },
  { columns: 3, rows: 3, minWidth: 640 },
  { columns: 4, rows: 3, minWidth: 860, orientation: 'landscape' },
  { columns: 4, rows: 4, minWidth: 960 },
  { columns: 5, rows: 5, minWidth: 1240 },
];
