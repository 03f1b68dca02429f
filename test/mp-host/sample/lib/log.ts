/** What the sample's application keeps. */
export interface AppLog {
  log: string[];
}

/** Notes a call of a lifetime, for the tests. */
export function note(entry: string): void {
  getApp<AppLog>().log.push(entry);
}
