import type { Outcome, SessionRecord } from '../outcome.js';
import type { ReplayModel } from './replay.js';

/** Takes the danger zone for an alarm before a crash: which crashes it met, and whom it alarmed in vain. @param values ratio 0-1. */
export function replayDangerZone({ current, proposed }: { current: number; proposed: number }, sessions: readonly SessionRecord[]): ReplayModel {
  const known = (attempt: Outcome): attempt is Outcome & { maxContextUse: number } => attempt.maxContextUse !== null;
  const count = (session: SessionRecord, is: (attempt: Outcome & { maxContextUse: number }) => boolean) => session.attempts.filter(known).filter(is).length;
  const crashed = ({ crashed }: Outcome) => crashed;
  const wentOn = (attempt: Outcome) => !attempt.crashed;
  const unknown = sessions.reduce((sum, { attempts }) => sum + attempts.filter((attempt) => !known(attempt)).length, 0);
  return {
    figures: [
      {
        name: 'crashes that came before the zone (missed alarms)',
        unit: 'ratio',
        rows: sessions.map((session) => ({
          present: count(session, (attempt) => attempt.crashed && attempt.maxContextUse < current),
          proposed: count(session, (attempt) => attempt.crashed && attempt.maxContextUse < proposed),
          weight: count(session, crashed),
        })),
      },
      {
        name: 'attempts that reached the zone and did not crash (false alarms)',
        unit: 'ratio',
        rows: sessions.map((session) => ({
          present: count(session, (attempt) => wentOn(attempt) && attempt.maxContextUse >= current),
          proposed: count(session, (attempt) => wentOn(attempt) && attempt.maxContextUse >= proposed),
          weight: count(session, wentOn),
        })),
      },
    ],
    assumptions: [
      'An attempt would have gone the same way up to the proposed zone, and would have been recycled there.',
      'Context use rises in an attempt, so that a crash came at the highest that was seen.',
      ...(unknown === 0 ? [] : [`${unknown} attempts did not tell their context use, and are left out.`]),
    ],
  };
}
