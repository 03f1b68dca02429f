import type { ValueStore } from '../identities.ts';
import type { Database } from './database.ts';

export function createSqliteValueStore(database: Database): ValueStore {
  return {
    async value(name) {
      const row = database.get('SELECT value FROM named_values WHERE name = ?', name);
      return row === undefined ? null : String(row['value']);
    },
    async setValue(name, value) {
      const sql = 'INSERT INTO named_values VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value';
      await database.write(() => database.run(sql, name, value));
    },
  };
}
