import type { Outcome, SessionRecord } from '../outcome.js';
import type { ReplayModel } from './replay.js';

/** Compares the silences of attempts with both time-outs. @param values ms. */
export function replayHangTimeout({ current, proposed }: { current: number; proposed: number }, sessions: readonly SessionRecord[]): ReplayModel {
  const isShorter = proposed < current;
  const hung = ({ exitClass }: Outcome) => exitClass === 'hung';
  // What was silent for longer than the present time-out and was not ended was in a tool call, which has a limit of its own.
  const wouldEnd = (attempt: Outcome) => !hung(attempt) && attempt.longestSilenceMs > proposed && attempt.longestSilenceMs <= current;
  const count = (session: SessionRecord, is: (attempt: Outcome) => boolean) => session.attempts.filter(is).length;
  return {
    figures: [
      {
        name: 'attempts ended in vain',
        unit: 'ratio',
        rows: sessions.map((session) => ({ present: 0, proposed: count(session, wouldEnd), weight: session.attempts.length })),
      },
      {
        name: 'hangs that are not noticed when they were',
        unit: 'ratio',
        rows: sessions.map((session) => ({ present: 0, proposed: isShorter ? 0 : count(session, hung), weight: count(session, hung) })),
      },
      {
        name: 'time a session waits for hangs to be noticed',
        unit: 'ms',
        rows: sessions.map((session) => ({ present: count(session, hung) * current, proposed: count(session, hung) * proposed, weight: 1 })),
      },
    ],
    assumptions: [
      'An attempt that was silent and went on would have been ended by a shorter time-out, and done the same work again.',
      'Those that were ended as hung would never have gone on: how many of them would have is not recorded.',
      'Of each attempt its longest silence alone is known; silences within tool calls have a limit of their own, and are as they were.',
    ],
  };
}
