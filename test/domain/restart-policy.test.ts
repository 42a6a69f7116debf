import { describe, expect, it } from 'vitest';
import { countsAsFailure, exitClasses } from '../../domain/exit-class.js';
import { describeDecision, restartPolicySchema, type Decision } from '../../domain/restart-policy.js';
import { decideAll, type End } from '../support/decisions.js';

const exact = { backoff: { jitter: 0 }, intensity: { maxFailures: 100, windowMs: 86_400_000 } };

function delays(decisions: Decision[]): (number | null)[] {
  return decisions.map((decision) => (decision.kind === 'back_off' ? decision.delayMs : null));
}

function last(ends: readonly End[], policy: object = exact): Decision | undefined {
  return decideAll(ends, policy).decisions.at(-1);
}

describe('the back-off', () => {
  it('begins after the first restart, doubles, and stops at its cap', () => {
    expect(delays(decideAll(Array.from({ length: 12 }, () => 'crashed' as const), exact).decisions)).toEqual([null, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 64_000, 128_000, 256_000, 300_000, 300_000]);
  });

  it('starts anew after a healthy attempt', () => {
    const healthy = { exitClass: 'crashed' as const, runningAtMs: 0 };
    expect(delays(decideAll(['crashed', 'crashed', 'crashed', healthy, 'crashed'], exact).decisions)).toEqual([null, 1_000, 2_000, null, 1_000]);
  });

  it('is spread by its jitter to both sides', () => {
    const policy = restartPolicySchema.parse({});
    expect(policy.backoff.jitter).toBe(0.25);
    expect(delays(decideAll(['crashed', 'crashed'], {}).decisions)).toEqual([null, 1_000]);
  });
});

describe('a completed turn', () => {
  it('goes on at once with the next prompt of the queue, whatever the policy, and counts as no restart', () => {
    for (const restart of ['always', 'on-failure', 'never']) {
      const { decisions, history } = decideAll(['crashed', 'completed'], { ...exact, restart }, {}, { prompts: { waiting: 1, ignored: false } });
      expect(decisions.at(-1)).toMatchObject({ kind: 'restart_now', strategy: 'native' });
      expect(history.consecutive).toBe(0);
    }
  });

  it('is the end of the session where no prompt waits', () => {
    expect(decideAll(['completed'], exact, {}, { prompts: { waiting: 0, ignored: false } }).decisions).toMatchObject([{ kind: 'complete' }]);
  });
});

describe('the intensity', () => {
  const policy = { backoff: { jitter: 0 }, intensity: { maxFailures: 2, windowMs: 60_000 } };

  it('allows so many failures in its window, and the next one fails the session', () => {
    expect(decideAll(['crashed', 'hung', 'lost'], policy).decisions.map(({ kind }) => kind)).toEqual(['restart_now', 'back_off', 'fail']);
  });

  it('forgets failures that are older than its window', () => {
    expect(decideAll(['crashed', 'hung', { exitClass: 'lost', afterMs: 60_000 }], policy).decisions.at(-1)?.kind).toBe('back_off');
  });

  it.each(exitClasses.filter((exitClass) => !countsAsFailure(exitClass)))('is not touched by an end as %s', (exitClass) => {
    expect(decideAll([exitClass, exitClass], policy).history.failuresAtMs).toEqual([]);
  });

  it('counts crashed, killed, out_of_memory, hung, lost and start_timeout', () => {
    expect(exitClasses.filter(countsAsFailure)).toEqual(['crashed', 'killed', 'out_of_memory', 'hung', 'lost', 'start_timeout']);
  });
});

describe('waits', () => {
  it('a limit is waited for until its reset', () => {
    expect(last([{ exitClass: 'limit_reached', limitResetsAtMs: 5_000 }])).toMatchObject({ kind: 'wait_for_limit', untilMs: 5_000 });
  });

  it('a limit without a reset time is waited for ever longer, up to an hour', () => {
    const { decisions } = decideAll(Array.from({ length: 6 }, () => 'limit_reached' as const), exact);
    const waits = decisions.map((decision, index) => (decision.kind === 'wait_for_limit' ? decision.untilMs - (1_000_000_000 + 1_000 * (index + 1)) : null));
    expect(waits).toEqual([300_000, 600_000, 1_200_000, 2_400_000, 3_600_000, 3_600_000]);
  });

  it('overload is waited for ever longer, up to ten minutes, and another end makes it start anew', () => {
    expect(delays(decideAll(['overloaded', 'overloaded', 'overloaded', 'crashed', 'overloaded'], exact).decisions)).toEqual([30_000, 60_000, 120_000, null, 30_000]);
  });
});

describe('with an account', () => {
  const open = { account: { name: 'team', limitedUntilMs: null } };
  const limited = { account: { name: 'team', limitedUntilMs: 1_000_000_000 + 60_000 } };
  const kinds = (ends: readonly End[], known: typeof open | typeof limited) => decideAll(ends, exact, {}, known).decisions.map((decision) => [decision.kind, 'account' in decision ? decision.account : null]);

  it('limits and overloads wait for it, and count for nothing', () => {
    expect(kinds(['limit_reached', 'overloaded'], open)).toEqual([['wait_for_limit', 'team'], ['wait_for_limit', 'team']]);
    expect(decideAll(['limit_reached', 'overloaded'], exact, {}, open).history.failuresAtMs).toEqual([]);
  });

  it('what would start waits while it is limited, and what rests or fails does so all the same', () => {
    expect(kinds(['crashed'], open)).toEqual([['restart_now', null]]);
    expect(kinds(['crashed', 'crashed', 'recycled'], limited)).toEqual([['wait_for_limit', 'team'], ['wait_for_limit', 'team'], ['wait_for_limit', 'team']]);
    expect(kinds(['completed', 'auth_failed', 'stopped'], limited).map(([kind]) => kind)).toEqual(['complete', 'fail', 'stop']);
  });

  it('a back-off that is longer than the limit stays one', () => {
    expect(decideAll(['crashed', 'crashed'], exact, { backoffBaseMs: 3_600_000 / 30 }, limited).decisions[1]?.kind).toBe('back_off');
  });
});

describe('the resume ladder', () => {
  const strategies = (ends: readonly End[]) => decideAll(ends, exact).decisions.map((decision) => ('strategy' in decision ? decision.strategy : decision.kind));

  it('a full context is met by a fork, then by a brief, then by a person', () => {
    expect(strategies(['context_full', 'context_full', 'context_full'])).toEqual(['fork', 'brief', 'fail']);
  });

  it('an agent that can compact does so first, goes on natively, and is not made to again soon after', () => {
    const rungs = (ends: readonly End[], parameters = {}) => decideAll(ends, exact, parameters, { canCompact: true }).decisions.map((decision) => ('strategy' in decision ? decision.strategy : decision.kind));
    expect(rungs(['context_full', 'compacted', 'context_full', 'context_full', 'context_full'])).toEqual(['compact', 'native', 'fork', 'brief', 'fail']);
    expect(rungs(['context_full', 'context_full', 'context_full', 'context_full'])).toEqual(['compact', 'fork', 'brief', 'fail']);
    expect(rungs(['context_full', 'compacted', { exitClass: 'context_full', runningAtMs: 0 }])).toEqual(['compact', 'native', 'compact']);
    expect(rungs(['context_full'], { resumeStrategy: 'brief' })).toEqual(['fork']);
  });

  it('a recycled session starts from a brief', () => {
    expect(strategies(['recycled'])).toEqual(['brief']);
  });

  it('sessions that are recycled soon after every start fail', () => {
    expect(strategies(['recycled', 'recycled', 'recycled'])).toEqual(['brief', 'brief', 'fail']);
  });

  it('resumes that never come to run go down the ladder', () => {
    const never = { exitClass: 'start_timeout' as const, runningAtMs: null };
    expect(strategies([never, never, never, never])).toEqual(['native', 'fork', 'fork', 'brief']);
  });
});

describe('policies', () => {
  it.each(exitClasses)('never restarts nothing after %s but what SHIM itself recycled', (exitClass) => {
    const ends = decideAll([exitClass], { restart: 'never' }).decisions.map(({ kind }) => kind);
    expect(ends).toEqual([{ recycled: 'restart_now', completed: 'complete', stopped: 'stop' }[exitClass as string] ?? 'fail']);
  });

  it('always restarts what completed, after a back-off', () => {
    expect(last(['completed'], { restart: 'always', backoff: { jitter: 0 } })).toMatchObject({ kind: 'back_off', delayMs: 1_000 });
  });

  it.each(['auth_failed', 'misconfigured'] as const)('none restarts after %s', (exitClass) => {
    expect(last([exitClass], { restart: 'always' })?.kind).toBe('fail');
  });

  it.each([{ restart: 'sometimes' }, { backoff: { factor: 0.5 } }, { backoff: { jitter: 1.5 } }, { backoff: { maxMs: 0 } }, { intensity: { maxFailures: -1 } }, { intensity: { windowMs: 1.5 } }, { healthyAfterMs: 0 }, { retries: 3 }])(
    '%o is refused',
    (policy) => {
      expect(restartPolicySchema.safeParse(policy).success).toBe(false);
    },
  );
});

it('a decision is one line for people', () => {
  expect(decideAll(['crashed', 'crashed', 'auth_failed'], exact).decisions.map(describeDecision)).toEqual([
    'restart at once (native)',
    'restart after 1.0 s (native)',
    'fail: auth_failed: it was auth_failed',
  ]);
});
