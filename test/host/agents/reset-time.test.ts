import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { plausibleReset, resetFromText } from '../../../host/agents/reset-time.js';

const nowMs = Date.parse('2026-11-23T08:30:20Z');
const at = (iso: string) => Date.parse(iso);

beforeEach(() => {
  vi.stubEnv('TZ', 'UTC');
});

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('the end of a limit is read from', () => {
  it.each([
    ['Claude AI usage limit reached|1795426387', 1_795_426_387_000],
    ["You've hit your 5-hour limit · resets 9:33am (UTC)", at('2026-11-23T09:34:00Z')],
    ["You've hit your limit · resets 3pm (America/New_York)", at('2026-11-23T20:01:00Z')],
    ["You've hit your limit · resets 8am (Europe/Berlin)", at('2026-11-24T07:01:00Z')],
    ["You've hit your weekly limit · resets Nov 26 at 4pm (UTC)", at('2026-11-26T16:01:00Z')],
    ['You’ve hit your usage limit. … or try again at 9:29 AM.', at('2026-11-23T09:30:00Z')],
    ['You’ve hit your usage limit. … or try again at 12:05 AM.', at('2026-11-24T00:06:00Z')],
    ['You’ve hit your usage limit. … or try again at Nov 24th, 2026 9:29 AM.', at('2026-11-24T09:30:00Z')],
    ["You've hit your usage limit. Try again in 2 hours 5 minutes.", nowMs + 7_500_000],
    ['Rate limit reached. Please try again in 1.5s.', nowMs + 1_500],
  ])('%s', (text, resetsAtMs) => {
    expect(resetFromText(text, nowMs)).toBe(resetsAtMs);
  });

  it.each(['', 'try again later', 'resets 9:33am (Nowhere/Else)', 'try again in 9999 days', 'try again at Foo 24th, 2026 9:29 AM', 'limit reached|99999999999', 'try again at Nov 24th, 2031 9:29 AM'])('not: %s', (text) => {
    expect(resetFromText(text, nowMs)).toBeUndefined();
  });
});

describe('a reset', () => {
  it('is believed within a week, in seconds or milliseconds', () => {
    expect(plausibleReset(nowMs / 1_000 + 60, nowMs)).toBe(nowMs + 60_000);
    expect(plausibleReset(nowMs + 60_000, nowMs)).toBe(nowMs + 60_000);
  });

  it('is near now or not believed, whatever the words', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 40 }), fc.nat(), (noise, number) => {
        for (const text of [`${noise}|${number}`, `try again in ${number} h ${noise}`, `resets ${number}:${number}pm (${noise})`]) {
          const resetsAtMs = resetFromText(text, nowMs) ?? nowMs;
          expect(Math.abs(resetsAtMs - nowMs)).toBeLessThanOrEqual(8 * 24 * 3_600_000);
        }
      }),
    );
  });
});
