/** Writes a capture to two files: everything but the media as JSON lines, and the media as FLV. */
import { open } from 'node:fs/promises';
import type { CaptureRecord, MediaRecord } from './types.ts';

const FLV_TYPES = { audio: 8, video: 9, data: 18 } as const;
const FLV_FLAGS = { audio: 4, video: 1, data: 0 } as const;

export interface CaptureFiles {
  readonly jsonPath: string;
  readonly flvPath: string;
  /** In the order of the records; errors come out of {@link close}. */
  write(record: CaptureRecord): void;
  /** Resolves when all is on disk. */
  close(): Promise<void>;
}

/** Makes `<prefix>.jsonl` and `<prefix>.flv`, for their owner's eyes only; rejects when one of them is there already. */
export async function openCaptureFiles(prefix: string): Promise<CaptureFiles> {
  const jsonPath = `${prefix}.jsonl`;
  const flvPath = `${prefix}.flv`;
  const json = await open(jsonPath, 'wx', 0o600);
  const flv = await open(flvPath, 'wx', 0o600).catch(async (error: unknown) => {
    await json.close();
    throw error;
  });
  let flags = 0;
  // The flags are those of what came: players wait for a kind that is announced and never comes.
  const header = () => Buffer.from([0x46, 0x4c, 0x56, 1, flags, 0, 0, 0, 9, 0, 0, 0, 0]);
  let flvLength = header().length;
  let last: Promise<unknown> = flv.write(header(), 0, flvLength, 0);

  const then = (act: () => Promise<unknown>): void => {
    last = last.then(act);
    // Told by close; until then it must not count as unhandled.
    last.catch(() => {});
  };

  return {
    jsonPath,
    flvPath,
    write(record) {
      if (record.kind === 'media') {
        const bytes = flvTag(record);
        const position = flvLength;
        flvLength += bytes.length;
        flags |= FLV_FLAGS[record.media];
        then(() => flv.write(bytes, 0, bytes.length, position));
      }
      const line = `${JSON.stringify(withoutPayload(record))}\n`;
      then(() => json.write(line));
    },
    async close() {
      then(() => flv.write(header(), 0, header().length, 0));
      try {
        await last;
      } finally {
        await Promise.all([json.close(), flv.close()]);
      }
    },
  };
}

/** A record as its line has it. */
function withoutPayload(record: CaptureRecord): object {
  if (record.kind !== 'media') return record;
  const { payload, ...rest } = record;
  return { ...rest, bytes: payload.length };
}

/** FLV 10.1 annex E.4.1, with the previous tag's size behind it. */
function flvTag({ media, timestamp, payload }: MediaRecord): Buffer {
  const tag = Buffer.alloc(11 + payload.length + 4);
  tag[0] = FLV_TYPES[media];
  tag.writeUIntBE(payload.length, 1, 3);
  tag.writeUIntBE(timestamp & 0xffffff, 4, 3);
  tag[7] = timestamp >>> 24;
  tag.set(payload, 11);
  tag.writeUInt32BE(11 + payload.length, 11 + payload.length);
  return tag;
}
