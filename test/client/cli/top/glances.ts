import type { Look } from '../../../../client/live-look.js';
import type { SessionGlance } from '../../../../client/session-overview.js';

export const nowMs = Date.parse('2026-01-02T03:04:05.000Z');

/** A session at work for two minutes, as a look shows it. */
export function glance(name: string, change: Partial<SessionGlance> = {}): SessionGlance {
  return {
    name, agent: 'claude-code', fleet: null, host: 'host-1', state: 'running', attempt: 2, restarts: 1, zone: 'safe', contextUse: 0.31, pid: 4_321, checkpoint: { id: 'ck-0007', at: '2026-01-02T03:03:05.000Z' },
    startedAt: '2026-01-02T02:04:05.000Z', attemptStartedAt: '2026-01-02T03:02:05.000Z', tokens: 1_234_567, costUsd: 3.456, reason: 'first event seen', until: null,
    ...change,
  };
}

/** One that waits for a person, one that waits by itself, a member of a fleet in danger, and one that has completed. */
export const everything: Look = {
  sessions: [
    glance('calm'),
    glance('done', { state: 'completed', attemptStartedAt: null, zone: null, contextUse: null, pid: null }),
    glance('limited', { state: 'waiting_for_limit', attemptStartedAt: null, reason: 'limit of claude-code/3f9c', until: '2026-01-02T03:27:05.000Z' }),
    glance('worker-with-a-very-long-name-indeed-1', { fleet: 'team', zone: 'danger', host: 'host-2' }),
    glance('wrong', { state: 'failed', costUsd: null, tokens: null, reason: 'mend it: \u001b[31mlogin\nfailed' }),
  ],
  groups: [
    { kind: 'fleet', name: 'team', state: 'degraded', until: null },
    { kind: 'account', name: 'claude-code/3f9c', state: 'limited', until: '2026-01-02T03:27:05.000Z' },
    { kind: 'account', name: 'codex/77aa', state: 'open', until: null },
  ],
  warning: 'host host-2 is down',
};
