import { browserStore } from './storage.ts';

/** What a user chose the last time; devices by the browser's own ids. */
export interface Preferences {
  readonly name: string;
  readonly microphoneOn: boolean;
  readonly cameraOn: boolean;
  readonly microphoneId: string;
  readonly cameraId: string;
}

const KEY = 'lianmai.preferences';
const DEFAULTS: Preferences = { name: '', microphoneOn: true, cameraOn: true, microphoneId: '', cameraId: '' };

/** The stored choices; defaults for whatever is missing or of another form. */
export function readPreferences(): Preferences {
  try {
    const value: unknown = JSON.parse(browserStore.get(KEY) ?? '{}');
    if (typeof value !== 'object' || value === null) return DEFAULTS;
    const stored = value as Partial<Record<keyof Preferences, unknown>>;
    const text = (key: 'name' | 'microphoneId' | 'cameraId') => {
      const field = stored[key];
      return typeof field === 'string' ? field.slice(0, 256) : DEFAULTS[key];
    };
    const flag = (key: 'microphoneOn' | 'cameraOn') => {
      const field = stored[key];
      return typeof field === 'boolean' ? field : DEFAULTS[key];
    };
    return {
      name: text('name').slice(0, 32),
      microphoneOn: flag('microphoneOn'),
      cameraOn: flag('cameraOn'),
      microphoneId: text('microphoneId'),
      cameraId: text('cameraId'),
    };
  } catch {
    return DEFAULTS;
  }
}

export function savePreferences(changes: Partial<Preferences>): void {
  browserStore.set(KEY, JSON.stringify({ ...readPreferences(), ...changes }));
}
