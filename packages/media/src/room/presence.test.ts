import { describe, expect, it } from 'vitest';
import { combineStates, judgePresence, type PresenceFacts } from './presence.ts';

const LIMITS = {
  resumeWindowMs: 20_000,
  signalLostLimitMs: 120_000,
  connectTimeoutMs: 60_000,
  closedGraceMs: 1_000,
  silenceMs: 45_000,
  mediaRepairMs: 10_000,
};
const HERE: PresenceFacts = {
  joinedAt: 0,
  signalLostAt: null,
  lastSignalAt: 100_000,
  sessionSince: 0,
  media: 'connected',
  mediaLostAt: null,
};
const judge = (facts: Partial<PresenceFacts>, now: number) => judgePresence({ ...HERE, ...facts }, now, LIMITS).kind;

describe('[SG12] departures', () => {
  it('[SG12] a participant with signal and media stays', () => {
    expect(judge({}, 120_000)).toBe('keep');
  });

  it('[SG12] signal lost before media ever came: gone at once', () => {
    expect(judge({ media: 'new', signalLostAt: 100_000 }, 100_000)).toBe('gone');
    expect(judge({ media: 'checking', signalLostAt: 100_000 }, 100_000)).toBe('gone');
  });

  it('[SG12] signal lost, media alive: kept for a long while, not for ever', () => {
    expect(judge({ signalLostAt: 100_000 }, 219_999)).toBe('keep');
    expect(judge({ signalLostAt: 100_000 }, 220_000)).toBe('gone');
  });

  it('[SG12] signal lost and media closed by its own end (a closed tab): gone within two seconds', () => {
    const facts = { signalLostAt: 100_000, media: 'closed', mediaLostAt: 100_500 } as const;
    expect(judge(facts, 101_400)).toBe('keep');
    expect(judge(facts, 101_500)).toBe('gone');
  });

  it('[SG12] both lost (a network that vanished): gone when the resume window has passed since it was last heard', () => {
    const facts = { signalLostAt: 100_000, media: 'failed', mediaLostAt: 102_000 } as const;
    expect(judge(facts, 121_999)).toBe('keep');
    expect(judge(facts, 122_000)).toBe('gone');
    expect(judge({ ...facts, media: 'disconnected' }, 122_000)).toBe('gone');
  });

  it('[SG12] media failed while the signal lives: the client is asked to resume, and given time to', () => {
    expect(judge({ media: 'failed', mediaLostAt: 90_000, sessionSince: 95_000 }, 104_999)).toBe('keep');
    expect(judge({ media: 'failed', mediaLostAt: 90_000, sessionSince: 95_000 }, 105_000)).toBe('ask-resume');
  });

  it('[SG12] media that never connects ends the participant after a minute', () => {
    expect(judge({ media: 'new' }, 59_999)).toBe('keep');
    expect(judge({ media: 'new' }, 60_000)).toBe('gone');
  });

  it('[SG12] a signal silent for long is dropped, the participant is not', () => {
    expect(judge({ lastSignalAt: 0 }, 45_000)).toBe('drop-signal');
  });

  it('[SG12] several connections count as their worst, and as closed only together', () => {
    expect(combineStates(['connected', 'failed'])).toBe('failed');
    expect(combineStates(['closed', 'connected'])).toBe('connected');
    expect(combineStates(['closed', 'closed'])).toBe('closed');
    expect(combineStates([])).toBe('new');
    expect(combineStates(['new', 'connected'])).toBe('connected');
  });
});
