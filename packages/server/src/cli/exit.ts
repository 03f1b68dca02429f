/** Exit codes of the `lianmai` command, in the manner of sysexits.h where it has one. Documented in configuration.md. */
export const EXIT = {
  ok: 0,
  /** `verify`: the ticket is not valid. */
  notValid: 2,
  /** The command line is wrong. */
  usage: 64,
  /** A key file, ticket claim or answer does not hold what it should. */
  data: 65,
  /** A file that was named does not exist or cannot be read. */
  noInput: 66,
  /** A server (LiveKit, or the lianmai server asked for its rooms) does not answer. */
  unavailable: 69,
  /** A defect of the program. */
  software: 70,
  /** A port is busy or may not be opened. */
  port: 71,
  /** The data folder cannot be made or written. */
  dataFolder: 73,
  /** The database cannot be opened. */
  store: 74,
  /** A setting is unknown or wrong. */
  config: 78,
} as const;

/** Ends the command with a code and one sentence on standard error, no stack trace. */
export class ExitError extends Error {
  readonly exitCode: number;

  constructor(exitCode: number, message: string) {
    super(message);
    this.name = 'ExitError';
    this.exitCode = exitCode;
  }
}
