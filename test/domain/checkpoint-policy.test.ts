import { describe, expect, it } from 'vitest';
import { dueCheckpoint, initialPolicyState, isRisky, type CheckpointPolicyState } from '../../domain/checkpoint-policy.js';
import type { RiskZone } from '../../domain/risk.js';
import { emptySignals, type Signals } from '../../domain/signals.js';

const minuteMs = 60_000;

/** A session looked at again and again. */
class Looks {
  state: CheckpointPolicyState = initialPolicyState(0);

  at(nowMs: number, facts: { zone?: RiskZone; signals?: Partial<Signals>; intervalMinutes?: number } = {}) {
    const { zone = 'safe', signals = {}, intervalMinutes = 10 } = facts;
    const { trigger, state } = dueCheckpoint(this.state, {
      signals: { ...emptySignals(0), ...signals },
      risk: { zone, warnings: [], dangers: [], contextUse: null },
      nowMs,
      intervalMinutes,
    });
    this.state = state;
    return trigger;
  }
}

const pending = (callId: string, summary: string) => ({ callId, tool: 'Bash', summary, startedAtMs: 0 });
const calls = (count: number) => ({ toolCalls: count, toolCallsSinceCheckpoint: count });

describe('what is due, when several things are', () => {
  const all = { ...calls(5), pending: [pending('c1', 'rm -rf /tmp/x')] };
  it.each([
    ['danger before all', 'danger', all, 20, 'danger_zone'],
    ['warning before a risky operation', 'warning', all, 20, 'warning_zone'],
    ['a risky operation before tool calls', 'safe', all, 20, 'risky_operation'],
    ['tool calls before time', 'safe', calls(5), 20, 'tool_call_interval'],
    ['time at last', 'safe', calls(4), 20, 'time_interval'],
    ['nothing', 'safe', calls(4), 9, null],
  ] as const)('%s', (_name, zone, signals, minutes, trigger) => {
    expect(new Looks().at(minutes * minuteMs, { zone, signals: { ...signals } })).toBe(trigger);
  });
});

describe('a zone', () => {
  it('is due once, when it is entered, and not as long as it lasts', () => {
    const looks = new Looks();
    const seen = Array.from({ length: 540 }, (_, second) => looks.at(minuteMs + second * 1_000, { zone: 'danger' }));
    expect(seen.filter((trigger) => trigger !== null)).toEqual(['danger_zone']);
  });

  it('is due again when it is entered again, and when warning becomes danger', () => {
    const looks = new Looks();
    const zones: RiskZone[] = ['warning', 'danger', 'warning', 'safe', 'warning'];
    expect(zones.map((zone, at) => looks.at((at + 1) * minuteMs, { zone }))).toEqual(['warning_zone', 'danger_zone', null, null, 'warning_zone']);
  });

  it('entered too soon after a checkpoint is due later, if it lasts', () => {
    const looks = new Looks();
    expect(looks.at(5_000, { zone: 'warning' })).toBeNull();
    expect(looks.at(10_000, { zone: 'warning' })).toBe('warning_zone');
    expect(looks.at(10_500, { zone: 'danger' })).toBeNull();
    expect(looks.at(11_000, { zone: 'danger' })).toBe('danger_zone');
  });

  it('entered too soon and left again is not due', () => {
    const looks = new Looks();
    expect(looks.at(5_000, { zone: 'warning' })).toBeNull();
    expect([looks.at(6_000), looks.at(20_000)]).toEqual([null, null]);
  });

  it('that flickers is due once a second at most', () => {
    const looks = new Looks();
    const seen = Array.from({ length: 100 }, (_, at) => looks.at(minuteMs + at * 100, { zone: at % 2 === 0 ? 'danger' : 'safe' }));
    expect(seen.filter((trigger) => trigger !== null).length).toBeLessThanOrEqual(10);
  });
});

describe('a session that is merely old', () => {
  it('is checkpointed once an interval, and by no storm', () => {
    const looks = new Looks();
    const seen = Array.from({ length: 3_600 }, (_, second) => looks.at((90 * 60 + second) * 1_000, { zone: 'warning' }));
    expect(seen.filter((trigger) => trigger !== null)).toEqual(['warning_zone', ...Array.from({ length: 5 }, () => 'time_interval')]);
  });

  it('is checkpointed at an interval shorter than the spacing, where that is asked for', () => {
    const looks = new Looks();
    const seen = Array.from({ length: 20 }, (_, second) => looks.at((second + 1) * 1_000, { intervalMinutes: 5 / 60 }));
    expect(seen.filter((trigger) => trigger === 'time_interval')).toHaveLength(4);
  });

  it('is not left without one when the clock is set back by a day, nor stormed when it leaps', () => {
    const looks = new Looks();
    expect(looks.at(-86_400_000)).toBe('time_interval');
    expect(looks.at(-86_400_000 + 1_000)).toBeNull();
    expect(looks.at(86_400_000)).toBe('time_interval');
    expect(looks.at(86_400_000 + 1_000)).toBeNull();
  });
});

describe('tool calls', () => {
  it('are due by fives, and again only with a new one where no checkpoint came of it', () => {
    const looks = new Looks();
    expect(looks.at(minuteMs, { signals: calls(4) })).toBeNull();
    expect(looks.at(minuteMs + 1_000, { signals: calls(5) })).toBe('tool_call_interval');
    expect(looks.at(2 * minuteMs, { signals: calls(5) })).toBeNull();
    expect(looks.at(2 * minuteMs + 1_000, { signals: calls(6) })).toBe('tool_call_interval');
    expect(looks.at(2 * minuteMs + 2_000, { signals: calls(11) })).toBeNull();
  });
});

describe('a risky operation', () => {
  it('is due once for each call, however long it runs and whatever comes after it', () => {
    const looks = new Looks();
    const first = pending('c1', 'git push --force');
    expect(looks.at(2_000, { signals: { toolCalls: 1, pending: [first] } })).toBe('risky_operation');
    expect(looks.at(4_000, { signals: { toolCalls: 1, pending: [first] } })).toBeNull();
    expect(looks.at(6_000, { signals: { toolCalls: 2, pending: [first] } })).toBeNull();
    expect(looks.at(8_000, { signals: { toolCalls: 3, pending: [first, pending('c3', 'git push --force')] } })).toBe('risky_operation');
  });

  it.each([
    'rm -rf build', 'rm -fr build', 'rm -r -f build', 'rm -f -r build', 'sudo rm --recursive x', 'rm -v -rf x',
    'git push --force', 'git push -f origin main', 'git push origin main --force-with-lease', 'git push origin +main', 'git push --delete origin x',
    'git reset --hard HEAD~1', 'git clean -fdx', 'git checkout -- .', 'git rebase -i main', 'git branch -D old', 'git stash drop',
    'psql -c "DROP TABLE users"', 'truncate table x', 'DELETE FROM users', 'npx prisma migrate deploy', 'rails db:migrate', 'run migrations',
    'npm publish', 'vercel deploy', 'terraform apply', 'kubectl delete pod x', 'helm upgrade x', 'mkfs.ext4 /dev/sdb', 'dd if=/dev/zero of=/dev/sdb', 'find . -name x -delete',
  ])('is %s', (summary) => {
    expect(isRisky(summary)).toBe(true);
  });

  it.each(['ls -la', 'rm a.txt', 'git push origin main', 'git push origin feature-f', 'git status', 'git checkout main', 'npm install', 'npm test', 'kubectl get pods', 'terraform plan', 'SELECT * FROM users', 'Read README.md', 'grep -r form .', 'dropdown table'])('is not %s', (summary) => {
    expect(isRisky(summary)).toBe(false);
  });

  it('is recognised in no time, whatever the text', () => {
    const hostile = ['rm ' + '-a '.repeat(160), 'git push ' + ' -'.repeat(245), 'find ' + ' '.repeat(490), 'dd ' + 'of '.repeat(160)];
    const startedMs = performance.now();
    for (const summary of hostile) isRisky(summary.slice(0, 500));
    expect(performance.now() - startedMs).toBeLessThan(50);
  });
});
