import { measureSessions } from '../../domain/opportunity-rules/measure-sessions.js';
import type { Measurements } from '../../domain/opportunity-rules/measurements.js';
import type { SessionRecord } from '../../domain/outcome.js';
import type { Store } from '../outcomes/store.js';
import type { MeasuredWindow, MetricsSource } from './metrics-source.js';

/** The newest sessions that are looked at: enough for every rule, and bounded in memory. */
const mostSessions = 20_000;

/** The outcome store as a source: it knows sessions one by one, and nothing of the monitor. */
export class StoreSource implements MetricsSource {
  constructor(private readonly store: Pick<Store, 'sessionsBetween' | 'lastOutcomeAtMs'>) {}

  /** @throws what the store throws. */
  async measure({ fromMs, untilMs }: MeasuredWindow): Promise<Measurements> {
    const [records, newestAtMs] = await Promise.all([this.recorded({ fromMs, untilMs }), this.store.lastOutcomeAtMs()]);
    const firstAtMs = records.reduce((first, { attempts }) => Math.min(first, attempts[0]?.startedAtMs ?? first), untilMs);
    // An installation is younger than its first window; where the newest sessions are all there is room for, the window is theirs.
    return measureSessions(records, { fromMs: Math.max(fromMs, firstAtMs), untilMs, newestAtMs });
  }

  /** @throws what the store throws. */
  async recorded({ fromMs, untilMs }: MeasuredWindow): Promise<readonly SessionRecord[]> {
    return this.store.sessionsBetween(fromMs, untilMs, mostSessions);
  }
}
