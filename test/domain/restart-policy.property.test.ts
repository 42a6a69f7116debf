import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exitClasses } from '../../domain/exit-class.js';
import { parametersSchema, resumeStrategies } from '../../domain/parameters.js';
import { decideNext, describeDecision, emptyHistory, restartPolicySchema, type DecisionInput } from '../../domain/restart-policy.js';
import { aReport } from '../support/session-fixtures.js';

const policies = fc
  .record({
    restart: fc.constantFrom('always', 'on-failure', 'never'),
    backoff: fc.record({ factor: fc.double({ min: 1, max: 10, noNaN: true }), maxMs: fc.integer({ min: 1, max: 86_400_000 }), jitter: fc.double({ min: 0, max: 1, noNaN: true }) }),
    intensity: fc.record({ maxFailures: fc.integer({ min: 0, max: 20 }), windowMs: fc.integer({ min: 1, max: 86_400_000 }) }),
    healthyAfterMs: fc.integer({ min: 1, max: 3_600_000 }),
  })
  .map((policy) => restartPolicySchema.parse(policy));

const parameters = fc
  .record({ backoffBaseMs: fc.integer({ min: 1, max: 3_600_000 }), resumeStrategy: fc.constantFrom(...resumeStrategies) })
  .map((values) => parametersSchema.parse(values));

const ends = fc.record({
  exitClass: fc.constantFrom(...exitClasses),
  gapMs: fc.integer({ min: 0, max: 3_600_000 }),
  ranMs: fc.option(fc.integer({ min: 0, max: 3_600_000 })),
  limitInMs: fc.option(fc.integer({ min: -3_600_000, max: 86_400_000 })),
  random: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
});

/** One end: what was given, what was decided, and what is remembered. */
interface Step extends ReturnType<typeof decideNext> {
  input: DecisionInput;
}

/** Any life of a session: what was decided on with, end by end, until it closes or fails. */
const lives = fc.tuple(policies, parameters, fc.array(ends, { minLength: 1, maxLength: 40 })).map(([policy, given, each]) => {
  const steps: Step[] = [];
  let history = emptyHistory;
  let nowMs = 1_800_000_000_000;
  for (const { exitClass, gapMs, ranMs, limitInMs, random } of each) {
    nowMs += gapMs;
    const change = { exitClass, runningAtMs: ranMs === null ? null : nowMs - ranMs, limitResetsAtMs: limitInMs === null ? null : nowMs + limitInMs };
    const input = { policy, parameters: given, history, report: aReport({ sessionId: 's', name: 'n', epoch: 1, attemptId: 'a' }, change, nowMs), nowMs, random };
    const made = decideNext(input);
    steps.push({ input, ...made });
    history = made.history;
  }
  return steps;
});

const check = (holds: (step: Step) => void) => fc.assert(fc.property(lives, (steps) => steps.forEach(holds)));

describe('for every policy and every life of a session', () => {
  it('there is a decision, and it can be told in one line', () => {
    check(({ decision }) => expect(describeDecision(decision)).toMatch(/^[^\n]+$/));
  });

  it('a delay is a whole number within its cap and jitter', () => {
    check(({ decision, input: { policy } }) => {
      const delayMs = decision.kind === 'back_off' ? decision.delayMs : 0;
      const longest = Math.max(policy.backoff.maxMs, 600_000) * (1 + policy.backoff.jitter);
      expect(Number.isInteger(delayMs) && delayMs >= 0 && delayMs <= longest + 1).toBe(true);
    });
  });

  it('what is remembered is plain JSON, and its failures lie within the window', () => {
    check(({ history, input: { nowMs, policy } }) => {
      expect(JSON.parse(JSON.stringify(history))).toEqual(history);
      expect(history.failuresAtMs.every((atMs) => atMs <= nowMs && atMs > nowMs - policy.intensity.windowMs)).toBe(true);
    });
  });

  it('a session that goes on has no more failures in its window than allowed, unless it only waits or was not to blame', () => {
    check(({ decision, history, input: { report, policy } }) => {
      const blamed = history.failuresAtMs.at(-1) === report.endedAtMs && ['restart_now', 'back_off'].includes(decision.kind);
      const counted = ['crashed', 'killed', 'out_of_memory', 'hung', 'lost', 'start_timeout'].includes(report.exitClass);
      expect(blamed && counted ? history.failuresAtMs.length : 0).toBeLessThanOrEqual(policy.intensity.maxFailures);
    });
  });

  it('policy never restarts no failure', () => {
    check(({ decision, input: { policy, report } }) => {
      const restarts = ['restart_now', 'back_off', 'wait_for_limit'].includes(decision.kind);
      expect(policy.restart === 'never' && restarts ? report.exitClass : 'recycled').toBe('recycled');
    });
  });

  it('only an attempt that completed completes a session, and only one that was stopped stops it', () => {
    check(({ decision, input: { report } }) => {
      expect(decision.kind === 'complete' ? report.exitClass : 'completed').toBe('completed');
      expect(decision.kind === 'stop').toBe(report.exitClass === 'stopped');
    });
  });

  it('the same facts lead to the same decision, and change nothing they were given', () => {
    check(({ decision, history, input }) => {
      const before = structuredClone(input);
      expect(decideNext(input)).toEqual({ decision, history });
      expect(input).toEqual(before);
    });
  });
});
