import { Counter, Histogram, type Registry } from 'prom-client';
import type { AttemptReport } from '../domain/attempt.js';
import { contextUseBounds, silenceBoundsMs } from '../domain/opportunity-rules/measurements.js';
import { lostTime, runningTime } from '../domain/opportunity-rules/measure-sessions.js';
import { outcomeOf, type Outcome } from '../domain/outcome.js';
import { parametersSchema } from '../domain/parameters.js';
import { metricNames as names } from './metric-names.js';

/** Sessions that are told apart; of more, those that were quiet the longest are forgotten, and counted anew if they come again. */
const mostSessions = 10_000;

/** What is remembered of one session. */
interface SessionSoFar {
  crashed: boolean;
  failedResume: boolean;
  crashesInARow: number;
  lastEndedAtMs: number;
  tokens: number;
  lostSeconds: number;
  downSeconds: number;
}

const anyParameters = parametersSchema.parse({});

/**
 * Counts sessions by their attempts. All are counters from 0 on, so that their increase over a window means something to
 * Prometheus: of a session's totals their sum and the sum of their squares, which grows by (total + more)² - total².
 */
export class SessionCounters {
  private readonly sessions = new Map<string, SessionSoFar>();
  private readonly begun: Counter;
  private readonly crashed: Counter;
  private readonly failedResumes: Counter;
  private readonly totals: Record<'tokens' | 'lostSeconds' | 'downSeconds', { sum: Counter; squares: Counter }>;
  private readonly attempts: Counter;
  private readonly crashes: Counter;
  private readonly hangs: Counter;
  private readonly runningSeconds: Counter;
  private readonly contextUse: Histogram<'crashed'>;
  private readonly silenceSeconds: Histogram;
  private readonly afterCrash: Record<'restarts' | 'seconds' | 'squares' | 'again', Counter<'waited'>>;

  constructor(registry: Registry) {
    const counter = (name: string, help: string) => new Counter({ name, help, registers: [registry] });
    const byWait = (name: string, help: string) => {
      const made = new Counter({ name, help, labelNames: ['waited'], registers: [registry] });
      for (const waited of ['true', 'false']) made.inc({ waited }, 0);
      return made;
    };
    const totalOf = (sum: string, squares: string, what: string) => ({ sum: counter(sum, `${what} of all sessions`), squares: counter(squares, `Sum over sessions of the square of their ${what.toLowerCase()}`) });
    this.begun = counter(names.sessions, 'Sessions with an attempt that ended');
    this.crashed = counter(names.crashedSessions, 'Sessions with at least one crash');
    this.failedResumes = counter(names.failedResumeSessions, 'Sessions with a resume that never came to run');
    this.totals = {
      tokens: totalOf(names.tokens, names.tokensSquared, 'Input and output tokens'),
      lostSeconds: totalOf(names.lostSeconds, names.lostSecondsSquared, 'Work lost to crashes and time spent on checkpoints'),
      downSeconds: totalOf(names.downSeconds, names.downSecondsSquared, 'Time between an end and the next first event'),
    };
    this.attempts = counter(names.attempts, 'Attempts that ended, whatever their exit class');
    this.crashes = counter(names.crashes, 'Attempts that ended in a crash');
    this.hangs = counter(names.hangs, 'Attempts that were ended as hung');
    this.runningSeconds = counter(names.runningSeconds, 'Time that attempts ran');
    this.contextUse = new Histogram({ name: names.contextUse, help: 'Highest context use of attempts up to the first crash of their session', labelNames: ['crashed'], buckets: [...contextUseBounds], registers: [registry] });
    for (const crashed of ['true', 'false']) this.contextUse.zero({ crashed });
    this.silenceSeconds = new Histogram({ name: names.silenceSeconds, help: 'Longest silence of attempts that were not ended as hung', buckets: silenceBoundsMs.map((bound) => bound / 1_000), registers: [registry] });
    this.afterCrash = {
      restarts: byWait(names.restartsAfterCrash, 'Restarts after a crash, at once or after a back-off'),
      seconds: byWait(names.restartsAfterCrashSeconds, 'Downtime of restarts after a crash'),
      squares: byWait(names.restartsAfterCrashSecondsSquared, 'Sum over restarts after a crash of the square of their downtime'),
      again: byWait(names.crashedAgain, 'Restarts after a crash that crashed again'),
    };
  }

  /** Takes in the end of an attempt. */
  attemptEnded(report: AttemptReport, agent: string): void {
    const known = this.sessions.get(report.sessionId);
    const before: SessionSoFar = known ?? { crashed: false, failedResume: false, crashesInARow: 0, lastEndedAtMs: 0, tokens: 0, lostSeconds: 0, downSeconds: 0 };
    const outcome = outcomeOf(report, { agent, parameters: anyParameters, resumeStrategy: null, previousEndedAtMs: known?.lastEndedAtMs ?? null });
    if (!known) this.begun.inc();
    this.countAttempt(outcome, before);
    const failedResume = report.epoch > 1 && report.runningAtMs === null;
    if (failedResume && !before.failedResume) this.failedResumes.inc();
    if (outcome.crashed && !before.crashed) this.crashed.inc();
    // Whoever is told again is the newest again.
    this.sessions.delete(report.sessionId);
    this.sessions.set(report.sessionId, {
      crashed: before.crashed || outcome.crashed,
      failedResume: before.failedResume || failedResume,
      crashesInARow: outcome.crashed ? before.crashesInARow + 1 : 0,
      lastEndedAtMs: report.endedAtMs,
      tokens: this.add('tokens', before.tokens, outcome.inputTokens + outcome.outputTokens),
      lostSeconds: this.add('lostSeconds', before.lostSeconds, lostTime(outcome) / 1_000),
      downSeconds: this.add('downSeconds', before.downSeconds, (outcome.downtimeMs ?? 0) / 1_000),
    });
    const [oldest] = this.sessions.keys();
    if (this.sessions.size > mostSessions && oldest !== undefined) this.sessions.delete(oldest);
  }

  private countAttempt(outcome: Outcome, before: SessionSoFar): void {
    this.attempts.inc();
    this.runningSeconds.inc(runningTime(outcome) / 1_000);
    if (outcome.crashed) this.crashes.inc();
    if (outcome.exitClass === 'hung') this.hangs.inc();
    else if (outcome.runningAtMs !== null) this.silenceSeconds.observe(outcome.longestSilenceMs / 1_000);
    if (!before.crashed && outcome.maxContextUse !== null) this.contextUse.observe({ crashed: String(outcome.crashed) }, outcome.maxContextUse);
    if (before.crashesInARow === 0 || outcome.downtimeMs === null) return;
    const waited = { waited: String(before.crashesInARow > 1) };
    const seconds = outcome.downtimeMs / 1_000;
    this.afterCrash.restarts.inc(waited);
    this.afterCrash.seconds.inc(waited, seconds);
    this.afterCrash.squares.inc(waited, seconds ** 2);
    if (outcome.crashed) this.afterCrash.again.inc(waited);
  }

  private add(name: keyof SessionCounters['totals'], total: number, more: number): number {
    const { sum, squares } = this.totals[name];
    sum.inc(more);
    squares.inc((total + more) ** 2 - total ** 2);
    return total + more;
  }
}
