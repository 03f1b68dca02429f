/** One line in the function's log. Neither events nor tickets nor settings are ever in it. */
export type Log = (record: Readonly<Record<string, unknown>>) => void;

/** The console is where CloudBase takes its logs from. */
export const consoleLog: Log = (record) => console.error(JSON.stringify(record));
