import type { Logger } from 'pino';
import type { Alerts } from '../analytics/alerts.js';
import type { SHIMMetrics } from '../analytics/metrics-registry.js';
import type { Store } from '../analytics/outcomes/store.js';
import { safetyBoundsSchema } from '../domain/safety-bounds.js';

/** Between two readings of the store, ms. */
const readEveryMs = 15_000;

const boundNames = safetyBoundsSchema.keyof().options;

/** What Statsig is owed is counted up to this. */
const mostOwed = 1_000;

/** The store, each new outcome counted. */
export function countingStore(store: Store, metrics: Pick<SHIMMetrics, 'outcomesTaken'>): Store {
  const record: Store['record'] = async (...given) => {
    const added = await store.record(...given);
    metrics.outcomesTaken(added);
    return added;
  };
  return new Proxy(store, { get: (target, name) => (name === 'record' ? record : Reflect.get(target, name)) });
}

/**
 * Measures the kaizen loop by what stands in the store, whichever worker put it there.
 *
 * @returns what ends it.
 */
export function measureKaizen(store: Store, alerts: Alerts, metrics: SHIMMetrics, logger: Logger): () => void {
  alerts.on('alert', ({ message }) => {
    const bound = boundNames.find((name) => message.startsWith(name));
    if (bound) metrics.safetyViolated(bound);
  });
  /** Experiments that were closed at the last reading; null before the first, which counts none. */
  let closed: Set<string> | null = null;
  const read = async () => {
    for (const { name, value } of await store.parameters()) metrics.parameterSet(name, value);
    metrics.owedToStatsig((await store.owed(mostOwed)).length);
    const experiments = await store.experiments();
    metrics.experimentsAreOpen(experiments.filter(({ conclusion }) => conclusion === null).length);
    for (const { plan, conclusion } of experiments) {
      if (conclusion === null) metrics.experimentLooked(plan.parameter, (await store.latestLook(plan.id))?.logEValue ?? null);
      else if (closed && !closed.has(plan.id)) {
        metrics.experimentConcluded(conclusion);
        metrics.experimentLooked(plan.parameter, null);
      }
    }
    closed = new Set(experiments.filter(({ conclusion }) => conclusion !== null).map(({ plan }) => plan.id));
  };
  const timer = setInterval(() => {
    read().catch((error: unknown) => logger.warn({ error }, 'the store cannot be read for metrics'));
  }, readEveryMs);
  return () => clearInterval(timer);
}
