import { z } from 'zod';
import type { AttemptReport } from './attempt.js';
import { formatDuration } from './duration.js';
import { countsAsFailure } from './exit-class.js';
import { growing, limitWait, overloadWait } from './limit-wait.js';
import { moment } from './moment.js';
import type { Parameters, ResumeRung, ResumeStrategy } from './parameters.js';

/** When and how often a session is restarted. The first back-off delay is the parameter `backoffBaseMs`. */
export const restartPolicySchema = z.strictObject({
  restart: z.enum(['always', 'on-failure', 'never']).default('on-failure'),
  backoff: z
    .strictObject({
      factor: z.number().min(1).max(10).default(2),
      /** Cap of a delay before jitter, ms. */
      maxMs: z.number().int().positive().default(300_000),
      /** A delay is spread evenly over ± this ratio (0-1) of itself. */
      jitter: z.number().min(0).max(1).default(0.25),
    })
    .prefault({}),
  /** More than `maxFailures` counted failures within `windowMs` end in the state failed. */
  intensity: z
    .strictObject({
      maxFailures: z.number().int().nonnegative().default(5),
      windowMs: z.number().int().positive().default(600_000),
    })
    .prefault({}),
  /** An attempt that ran this long was healthy: the back-off starts anew, ms. */
  healthyAfterMs: z.number().int().positive().default(60_000),
});
export type RestartPolicy = z.infer<typeof restartPolicySchema>;

/** What the decision remembers from one attempt to the next. Plain JSON, bounded by the policy's intensity. */
export interface FailureHistory {
  /** Unix ms of the counted failures in the window, oldest first. */
  failuresAtMs: number[];
  /** Restarts in a row without a healthy attempt between; the exponent of the back-off. */
  consecutive: number;
  /** Ends in a row by overload, or by a limit without a reset time. */
  consecutiveWaits: number;
  consecutiveContextFull: number;
  /** Recycles in a row of attempts that never got healthy: their context is full from the start. */
  consecutiveRecycles: number;
  /** Resumes in a row that never came to run. */
  consecutiveFailedResumes: number;
}

export const emptyHistory: FailureHistory = {
  failuresAtMs: [],
  consecutive: 0,
  consecutiveWaits: 0,
  consecutiveContextFull: 0,
  consecutiveRecycles: 0,
  consecutiveFailedResumes: 0,
};

/** What comes after an attempt. Delays in ms, times in Unix ms. */
export type Decision =
  | { kind: 'restart_now'; strategy: ResumeRung; reason: string }
  | { kind: 'back_off'; delayMs: number; strategy: ResumeRung; reason: string }
  /** With an account the session waits for its turn there, and `untilMs` is only what it would wait by itself. */
  | { kind: 'wait_for_limit'; untilMs: number; strategy: ResumeRung; reason: string; account?: string }
  | { kind: 'complete'; reason: string }
  | { kind: 'stop'; reason: string }
  | { kind: 'fail'; reason: string };

export interface DecisionInput {
  policy: RestartPolicy;
  parameters: Parameters;
  history: FailureHistory;
  report: AttemptReport;
  /** Follow-up prompts of the session's queue that the agent has not got yet; `ignored`: the host knows nothing of prompts. */
  prompts?: { waiting: number; ignored: boolean };
  /** Unix ms. */
  nowMs: number;
  /** Uniform in [0, 1), for the jitter. */
  random: number;
  /** Who pays, and until when that account is known to be limited, Unix ms, null where it is not; absent where each session waits for itself. */
  account?: { name: string; limitedUntilMs: number | null };
  /** The agent can shorten a full conversation itself. */
  canCompact?: boolean;
}

/** A full context is met by ever smaller resumes; when the smallest is full too, a person is needed. */
const contextFullStrategies: readonly ResumeRung[] = ['fork', 'brief'];
const contextFullRungs: readonly ResumeRung[] = ['compact', ...contextFullStrategies];

/** A context that is full soon after a fresh start will be so after the next one. */
const quickRecyclesAllowed = 2;

/** Decides what comes after an attempt has ended, and what to remember of it. Pure and total. */
export function decideNext(input: DecisionInput): { decision: Decision; history: FailureHistory } {
  const history = remember(input);
  return { decision: heldBack(decide(input, history), input), history };
}

/** What would start at once or soon waits as well while its account is known to be limited. */
function heldBack(decision: Decision, { account, nowMs }: DecisionInput): Decision {
  const untilMs = account?.limitedUntilMs ?? null;
  if (!account || untilMs === null || (decision.kind !== 'restart_now' && decision.kind !== 'back_off')) return decision;
  const startsMs = decision.kind === 'back_off' ? nowMs + decision.delayMs : nowMs;
  if (startsMs >= untilMs) return decision;
  return { kind: 'wait_for_limit', untilMs, strategy: decision.strategy, reason: decision.reason, account: account.name };
}

function decide(input: DecisionInput, history: FailureHistory): Decision {
  const { policy, report, nowMs, account } = input;
  const strategy = strategyFor(input.parameters.resumeStrategy, history);
  const why = `${report.exitClass}: ${report.reason}`;
  switch (report.exitClass) {
    case 'stopped':
      return { kind: 'stop', reason: report.reason };
    case 'auth_failed':
    case 'misconfigured':
      return { kind: 'fail', reason: why };
    case 'completed':
      if (input.prompts?.ignored) return { kind: 'fail', reason: 'its host is of an older version, which gives no queued prompts: bring it up to date (shim up) or take them out of the queue' };
      if (promptsWait(input)) return { kind: 'restart_now', strategy, reason: 'its turn is completed: the next prompt of the queue' };
      if (policy.restart !== 'always') return { kind: 'complete', reason: report.reason };
      return { kind: 'back_off', delayMs: backOffDelay(input, Math.max(1, history.consecutive)), strategy, reason: 'policy always: completed' };
    case 'recycled':
      if (history.consecutiveRecycles > quickRecyclesAllowed) {
        return { kind: 'fail', reason: `${why} (again and again, soon after each start: raise the danger zone, or give it a smaller task)` };
      }
      return { kind: 'restart_now', strategy: 'brief', reason: why };
    default:
      break;
  }
  if (policy.restart === 'never') return { kind: 'fail', reason: `policy never: ${why}` };
  switch (report.exitClass) {
    case 'compacted':
      return { kind: 'restart_now', strategy: 'native', reason: why };
    case 'host_rebooted':
      return { kind: 'restart_now', strategy, reason: why };
    case 'limit_reached':
      return { kind: 'wait_for_limit', untilMs: report.limitResetsAtMs ?? nowMs + growing(limitWait, history.consecutiveWaits), strategy, reason: why, ...(account && { account: account.name }) };
    case 'overloaded':
      if (account) return { kind: 'wait_for_limit', untilMs: nowMs + growing(overloadWait, history.consecutiveWaits), strategy, reason: why, account: account.name };
      return { kind: 'back_off', delayMs: jittered(growing(overloadWait, history.consecutiveWaits), input), strategy, reason: why };
    case 'context_full': {
      const smaller = (compactsFirst(input) ? contextFullRungs : contextFullStrategies)[history.consecutiveContextFull - 1];
      if (smaller === undefined) return { kind: 'fail', reason: `${why} (again, even after a fresh start from a brief)` };
      return { kind: 'restart_now', strategy: smaller, reason: why };
    }
    default:
      break;
  }
  const failures = history.failuresAtMs.length;
  const { maxFailures, windowMs } = policy.intensity;
  if (failures > maxFailures) {
    return { kind: 'fail', reason: `${failures} failures in ${formatDuration(windowMs)}, ${maxFailures} allowed; last ${why}` };
  }
  if (history.consecutive <= 1) return { kind: 'restart_now', strategy, reason: why };
  const delayMs = backOffDelay(input, history.consecutive - 1);
  return { kind: 'back_off', delayMs, strategy, reason: `failure ${failures} of ${maxFailures} allowed (${report.exitClass})` };
}

/** Who resumes by a copy or a brief from the start has no use for the conversation. */
function compactsFirst({ canCompact, parameters }: DecisionInput): boolean {
  return canCompact === true && parameters.resumeStrategy === 'native';
}

function remember(input: DecisionInput): FailureHistory {
  const { policy, history, report, nowMs } = input;
  const ranMs = report.runningAtMs === null ? 0 : report.endedAtMs - report.runningAtMs;
  const healthy = ranMs >= policy.healthyAfterMs;
  const counted = countsAsFailure(report.exitClass);
  const isTurn = report.exitClass === 'completed' && promptsWait(input);
  const restarts = counted || (report.exitClass === 'completed' && !isTurn);
  const waits = report.exitClass === 'overloaded' || report.exitClass === 'limit_reached';
  const inWindow = history.failuresAtMs.filter((at) => at > nowMs - policy.intensity.windowMs);
  return {
    failuresAtMs: counted ? [...inWindow, nowMs] : inWindow,
    consecutive: (healthy || isTurn ? 0 : history.consecutive) + (restarts ? 1 : 0),
    consecutiveWaits: waits ? history.consecutiveWaits + 1 : 0,
    consecutiveContextFull: contextFullInARow(input, healthy),
    consecutiveRecycles: report.exitClass === 'recycled' && !healthy ? history.consecutiveRecycles + 1 : 0,
    consecutiveFailedResumes: counted && report.runningAtMs === null ? history.consecutiveFailedResumes + 1 : 0,
  };
}

/** What completed is a turn, not the session. */
function promptsWait({ prompts }: DecisionInput): boolean {
  return prompts !== undefined && prompts.waiting > 0;
}

/** What was compacted and is full again soon after is not compacted again. */
function contextFullInARow({ history, report, canCompact }: DecisionInput, healthy: boolean): number {
  if (report.exitClass === 'compacted') return history.consecutiveContextFull;
  if (report.exitClass !== 'context_full') return 0;
  return (canCompact === true && healthy ? 0 : history.consecutiveContextFull) + 1;
}

/** One failed resume may be chance; after two in a row the next rung is tried. */
function strategyFor(first: ResumeStrategy, history: FailureHistory): ResumeStrategy {
  if (history.consecutiveFailedResumes >= 4) return 'brief';
  if (history.consecutiveFailedResumes >= 2 && first === 'native') return 'fork';
  return first;
}

/** base × factor^(n-1), capped, then spread by the jitter. */
function backOffDelay(input: DecisionInput, n: number): number {
  const { factor, maxMs } = input.policy.backoff;
  return jittered(Math.min(maxMs, input.parameters.backoffBaseMs * factor ** (n - 1)), input);
}

function jittered(delayMs: number, { policy, random }: DecisionInput): number {
  return Math.round(delayMs * (1 + policy.backoff.jitter * (2 * random - 1)));
}

/** A decision in one line, for histories. */
export function describeDecision(decision: Decision): string {
  switch (decision.kind) {
    case 'restart_now':
      return `restart at once (${decision.strategy})`;
    case 'back_off':
      return `restart after ${formatDuration(decision.delayMs)} (${decision.strategy})`;
    case 'wait_for_limit':
      return decision.account === undefined ? `wait until ${moment(decision.untilMs)} UTC` : `wait for account ${decision.account}`;
    case 'fail':
      return `fail: ${decision.reason}`;
    case 'complete':
    case 'stop':
      return decision.kind;
  }
}
