import type { ReactNode } from 'react';

/** The app's own icons: 24 × 24, drawn with strokes of the text's colour. */
const SHAPES = {
  mic: (
    <>
      <rect x="9" y="3" width="6" height="11" rx="3" />
      <path d="M5.5 11.5a6.5 6.5 0 0 0 13 0M12 18v3" />
    </>
  ),
  'mic-off': (
    <>
      <path d="M9 9v2a3 3 0 0 0 4.6 2.5M15 10.5V6a3 3 0 0 0-5.7-1.3" />
      <path d="M5.5 11.5a6.5 6.5 0 0 0 10.6 5M18.5 11.5c0 .9-.2 1.7-.5 2.5M12 18v3M4 3.5l16 17" />
    </>
  ),
  camera: (
    <>
      <rect x="2.5" y="6" width="13" height="12" rx="3" />
      <path d="m15.5 10.5 4.4-2.6a.8.8 0 0 1 1.1.7v6.8a.8.8 0 0 1-1.1.7l-4.4-2.6" />
    </>
  ),
  'camera-off': (
    <>
      <path d="M6 6h-.5a3 3 0 0 0-3 3v6a3 3 0 0 0 3 3h7a3 3 0 0 0 2.6-1.5M10 6h2.5a3 3 0 0 1 3 3v1.5l4.4-2.6a.8.8 0 0 1 1.1.7v6.8M3.5 3.5l17 17" />
    </>
  ),
  screen: (
    <>
      <rect x="2.5" y="4" width="19" height="13" rx="2.5" />
      <path d="M12 13.5v-6M9.2 10 12 7.2l2.8 2.8M8.5 20.5h7" />
    </>
  ),
  'screen-off': (
    <>
      <rect x="2.5" y="4" width="19" height="13" rx="2.5" />
      <path d="m9.5 8 5 5M14.5 8l-5 5M8.5 20.5h7" />
    </>
  ),
  chat: (
    <path d="M20.5 11.5c0 4.1-3.8 7.5-8.5 7.5-1 0-2-.2-2.9-.5L4 20.5l1.4-4C4.2 15.200 3.500 13.400 3.500 11.500 3.500 7.400 7.300 4 12 4s8.500 3.400 8.500 7.500Z" />
  ),
  people: (
    <>
      <circle cx="9" cy="8" r="3.5" />
      <path d="M2.500 19.500c.4-3.400 3.100-5.500 6.500-5.500s6.100 2.100 6.500 5.500M15.500 4.800a3.500 3.500 0 0 1 0 6.400M18 14.600c2 .7 3.300 2.500 3.500 4.900" />
    </>
  ),
  settings: (
    <>
      <path d="M4 7.500h8M18 7.500h2M4 16.500h2M12 16.500h8" />
      <circle cx="15" cy="7.500" r="2.600" />
      <circle cx="9" cy="16.500" r="2.600" />
    </>
  ),
  leave: (
    <path d="M3.600 14.700c-.8-.8-1-2-.5-3C4.600 8.900 8 7 12 7s7.400 1.900 8.900 4.700c.5 1 .3 2.200-.5 3l-.6.600a1.200 1.200 0 0 1-1.400.2l-2.500-1.300a1.200 1.200 0 0 1-.7-1.200l.1-1.400c-2.100-.7-4.500-.7-6.600 0l.1 1.400c0 .5-.2 1-.7 1.200l-2.500 1.300a1.200 1.200 0 0 1-1.400-.2Z" />
  ),
  close: <path d="m6 6 12 12M18 6 6 18" />,
  copy: (
    <>
      <rect x="8.500" y="8.500" width="12" height="12" rx="3" />
      <path d="M15.500 8.500v-2a3 3 0 0 0-3-3h-6a3 3 0 0 0-3 3v6a3 3 0 0 0 3 3h2" />
    </>
  ),
  link: (
    <path d="M10 14a4 4 0 0 0 5.700 0l3.100-3.100a4 4 0 0 0-5.700-5.700L12 6.300M14 10a4 4 0 0 0-5.700 0l-3.100 3.100a4 4 0 0 0 5.700 5.700l1.100-1.100" />
  ),
  check: <path d="m5 12.500 4.500 4.500L19 7.500" />,
  plus: <path d="M12 5v14M5 12h14" />,
  arrow: <path d="M5 12h14M13 6l6 6-6 6" />,
  down: <path d="m7 10 5 5 5-5" />,
  back: <path d="M19 12H5M11 6l-6 6 6 6" />,
  send: (
    <path d="M4.500 12 3.600 5.200a.8.800 0 0 1 1.100-.8l15.500 6.900a.8.800 0 0 1 0 1.400L4.700 19.600a.8.800 0 0 1-1.100-.8L4.500 12Zm0 0h7" />
  ),
  phone: (
    <>
      <rect x="7" y="2.5" width="10" height="19" rx="2.5" />
      <path d="M11 18.5h2" />
    </>
  ),
  crown: <path d="m4 17.500-1-9.500 5 4 4-6.500 4 6.500 5-4-1 9.500Z" />,
  pin: <path d="M9 3.500h6M10 3.500v6l-3 4h10l-3-4v-6M12 13.500v7" />,
  grid: (
    <>
      <rect x="3.500" y="4.500" width="7.500" height="6.500" rx="1.800" />
      <rect x="13" y="4.500" width="7.500" height="6.500" rx="1.800" />
      <rect x="3.500" y="13" width="7.500" height="6.500" rx="1.800" />
      <rect x="13" y="13" width="7.500" height="6.500" rx="1.800" />
    </>
  ),
  speaker: (
    <>
      <rect x="3.500" y="4.500" width="17" height="10" rx="2" />
      <path d="M5 18.500h2.500M10.800 18.500h2.500M16.500 18.500H19" />
    </>
  ),
  sound: (
    <>
      <path d="M4 9.500v5h3.500l4.500 4v-13l-4.500 4Z" />
      <path d="M15.500 9a4 4 0 0 1 0 6M18 6.500a7.500 7.500 0 0 1 0 11" />
    </>
  ),
  remove: (
    <>
      <circle cx="10" cy="8" r="3.500" />
      <path d="M3.500 19.500c.4-3.400 3.100-5.500 6.500-5.500 1.500 0 2.900.4 4 1.200M16 17.500h5.500" />
    </>
  ),
  refresh: <path d="M19.500 12a7.500 7.500 0 1 1-2.300-5.400M19.500 3.500v4h-4" />,
  warning: (
    <>
      <path d="M10.600 4.300 2.900 17.600a1.600 1.600 0 0 0 1.400 2.400h15.400a1.600 1.600 0 0 0 1.400-2.400L13.400 4.300a1.600 1.600 0 0 0-2.800 0Z" />
      <path d="M12 9.500v4.500M12 16.800v.1" />
    </>
  ),
  lock: (
    <>
      <rect x="5" y="10.500" width="14" height="10" rx="2.500" />
      <path d="M8 10.500V8a4 4 0 0 1 8 0v2.500" />
    </>
  ),
  globe: (
    <>
      <circle cx="12" cy="12" r="8.500" />
      <path d="M3.500 12h17M12 3.500c2.300 2.300 3.500 5.200 3.500 8.500S14.300 18.200 12 20.500C9.700 18.200 8.500 15.300 8.500 12S9.700 5.800 12 3.500Z" />
    </>
  ),
} satisfies Record<string, ReactNode>;

export type IconName = keyof typeof SHAPES;

/** A picture beside words or inside a labelled button: never read aloud by itself. */
export function Icon({ name, size = 20 }: { readonly name: IconName; readonly size?: number }) {
  return (
    <svg
      className="icon"
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth={1.8}
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      {SHAPES[name]}
    </svg>
  );
}
