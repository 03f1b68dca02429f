import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import type { Answer } from '../opinions/exparser.ts';
import { installedTool, OPINIONS, REPOSITORY } from '../opinions/tools.ts';

const run = promisify(execFile);
const tool = await installedTool('exparser');
const APP = join(REPOSITORY, 'apps', 'miniprogram');

describe.skipIf(tool === null)('exparser, when scripts/setup-miniprogram-tools.mjs could install it', () => {
  const root = mkdtempSync(join(tmpdir(), 'lianmai-exparser-'));

  afterAll(() => rmSync(root, { recursive: true, force: true }));

  async function play(mini: string, component: string): Promise<Answer> {
    const answer = join(root, 'answer.json');
    const program = [join(OPINIONS, 'exparser.ts'), String(tool), mini, component, answer];
    await run(process.execPath, program, { timeout: 110_000 });
    return JSON.parse(readFileSync(answer, 'utf8')) as Answer;
  }

  it.each([
    ['the built component', 'build.mjs', 'app', '/components/webrtc-room/webrtc-room'],
    [
      'the npm package',
      'pack-component.mjs',
      'app/miniprogram_npm/@lianmai/webrtc-room',
      '/miniprogram_npm/@lianmai/webrtc-room/miniprogram_dist/webrtc-room',
    ],
  ])(
    '[MH94] %s enters a room, shows two others, changes its template and leaves',
    async (_name, script, out, component) => {
      rmSync(join(root, 'app'), { recursive: true, force: true });
      await run(process.execPath, [join(APP, 'scripts', script), '--out', join(root, out)]);
      const { idle, started, joined, grid, left } = await play(join(root, 'app'), component);

      expect(idle).toMatchObject({ pushers: [], players: [], codes: [] });
      expect(idle.html).toContain('slot');
      expect(started.pushers).toHaveLength(1);
      expect(started.pushers[0]).toMatchObject({
        url: expect.stringMatching(/^room:\/\/cloud\.tencent\.com\/rtc\?sdkappid=14&roomid=7&userid=amy&usersig=sig&/),
        mode: 'RTC',
        'enable-camera': true,
        'enable-mic': true,
      });
      expect(joined.players.map((player) => player['src'])).toEqual([
        'room://1.2.3.4:1935/webrtc/bob',
        'room://1.2.3.4:1935/webrtc/cleo',
      ]);
      expect(joined.codes).toEqual([11, 12]);
      // A change of template moves tiles: the same players go on.
      expect(grid.players.map((player) => player['src'])).toEqual(joined.players.map((player) => player['src']));
      expect(grid.html).not.toBe(joined.html);
      expect(left).toMatchObject({ pushers: [], players: [] });
    },
    120_000,
  );
});
