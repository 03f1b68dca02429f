import { sampleFile, settingsTable } from '../config/document.ts';
import { print } from './output.ts';

/** `lianmai config` */
export function printConfig(options: { table?: true }): void {
  print((options.table === true ? settingsTable() : sampleFile()).trimEnd());
}
