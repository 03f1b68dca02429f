/** Something that WeChat would print in red, or refuse. */
export interface Failure {
  readonly kind: 'error' | 'warning' | 'wx' | 'promise';
  readonly message: string;
}

/** Keeps what went wrong; a test that ends with any is red. */
export class Failures {
  readonly list: Failure[] = [];

  add(kind: Failure['kind'], message: string): void {
    this.list.push({ kind, message });
  }

  /** Takes those whose message holds a text: the test expected them. */
  take(part: string): Failure[] {
    const taken = this.list.filter((one) => one.message.includes(part));
    for (const one of taken) this.list.splice(this.list.indexOf(one), 1);
    return taken;
  }
}

export function describe(error: unknown): string {
  if (error instanceof Error) return `${error.message}\n${error.stack ?? ''}`;
  if (typeof error === 'object' && error !== null && 'errMsg' in error) return String(error.errMsg);
  return String(error);
}

let sink: Failures | null = null;

/** Where errors of callbacks go that nobody else catches. */
export function setSink(failures: Failures): void {
  sink = failures;
}

/** Reports an error that a callback of the mini program threw. */
export function raise(error: unknown): void {
  if (sink === null) throw error;
  sink.add('error', describe(error));
}
