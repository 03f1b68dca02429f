import type { StatsRow } from '../src/harness-api.ts';
import { network } from './network.ts';

const TYPES = new Set([
  'inbound-rtp',
  'outbound-rtp',
  'remote-inbound-rtp',
  'remote-outbound-rtp',
  'candidate-pair',
  'transport',
]);

/** Reads every peer connection's report into flat rows; the codec's name stands beside the stream. */
export async function readStats(): Promise<StatsRow[]> {
  const rows: StatsRow[] = [];
  for (const connection of network.peerConnections()) {
    const report = await connection.getStats();
    const byId = new Map<string, Record<string, unknown>>();
    report.forEach((entry: Record<string, unknown>) => {
      byId.set(String(entry['id']), entry);
    });
    for (const entry of byId.values()) {
      const type = String(entry['type']);
      if (!TYPES.has(type)) continue;
      const codec = byId.get(String(entry['codecId']));
      const values: Record<string, number | string> = {};
      for (const [name, value] of Object.entries(entry)) {
        if (typeof value === 'number' || typeof value === 'string') values[name] = value;
      }
      rows.push({ type, kind: String(entry['kind'] ?? ''), codec: String(codec?.['mimeType'] ?? ''), values });
    }
  }
  return rows;
}
