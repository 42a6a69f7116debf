import { z } from 'zod';
import { StatisticsError } from '../../domain/statistics/statistics-error.js';
import { welchTest } from '../../domain/statistics/welch.js';
import type { SampleSummary } from '../../domain/statistics/interval.js';
import type { Experiment } from './experiment.js';
import type { LocalStatsigStore } from './local-store.js';

const eventSchema = z.looseObject({
  metadata: z.looseObject({ config: z.string().optional(), ruleID: z.string().optional() }).nullish(),
  user: z.looseObject({ userID: z.string().optional() }).nullish(),
  time: z.number().default(0),
});
type Event = z.infer<typeof eventSchema>;

/** A unit's first exposure to a group. */
interface Exposure {
  groupId: string;
  atMs: number;
}

/** Of one metric, in the words of Statsig's schema; what it calls a standard deviation is a standard error. */
interface PulseMetric {
  metricID: string;
  metricName: string;
  directionality: 'decrease';
  absoluteChange: number;
  confidenceIntervalDelta: number;
  percentChange: number | null;
  testMean: number;
  controlMean: number;
  testStd: number;
  controlStd: number;
  testUnits: number;
  controlUnits: number;
  pValue: number;
}

/**
 * What the logged events say of two groups: for each kind of event the share of units that had one after their exposure
 * (`event_user`), and how many a unit had (`event_count`). A metric that nothing can be said of yet is left out.
 */
export function pulseOf(store: LocalStatsigStore, experiment: Experiment, controlId: string, testId: string): { ds: string; primaryMetrics: PulseMetric[]; secondaryMetrics: PulseMetric[] } {
  const exposures = firstExposures(store, experiment);
  const metrics = store.eventNames().flatMap((name) => {
    const counts = countsAfter(eventsOf(store, name), exposures);
    const of = (groupId: string, value: (count: number) => number) => summaryOf([...exposures].flatMap(([unit, exposure]) => (exposure.groupId === groupId ? [value(counts.get(unit) ?? 0)] : [])));
    const metric = (type: string, value: (count: number) => number) => metricOf(`${name}::${type}`, name, of(controlId, value), of(testId, value));
    return [metric('event_user', (count) => Math.min(1, count)), metric('event_count', (count) => count)].filter((one) => one !== null);
  });
  const primary = new Set(experiment.primaryMetrics.map(primaryId));
  return {
    ds: new Date().toISOString().slice(0, 10),
    primaryMetrics: metrics.filter(({ metricID }) => primary.has(metricID)),
    secondaryMetrics: metrics.filter(({ metricID }) => !primary.has(metricID)),
  };
}

/** By unit; one that saw two groups is of the first. */
export function firstExposures(store: LocalStatsigStore, experiment: Experiment): Map<string, Exposure> {
  const groups = new Set(experiment.groups.map(({ id }) => id));
  const first = new Map<string, Exposure>();
  for (const { metadata, user, time } of eventsOf(store, 'statsig::config_exposure')) {
    const [unit, groupId] = [user?.userID, metadata?.ruleID];
    if (metadata?.config !== experiment.name || unit === undefined || groupId === undefined || !groups.has(groupId)) continue;
    const before = first.get(unit);
    if (!before || time < before.atMs) first.set(unit, { groupId, atMs: time });
  }
  return first;
}

function eventsOf(store: LocalStatsigStore, name: string): Event[] {
  return store.events(name).flatMap((event) => {
    const parsed = eventSchema.safeParse(event);
    return parsed.success ? [parsed.data] : [];
  });
}

function countsAfter(events: readonly Event[], exposures: ReadonlyMap<string, Exposure>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { user, time } of events) {
    const unit = user?.userID ?? '';
    const exposure = exposures.get(unit);
    if (exposure && time >= exposure.atMs) counts.set(unit, (counts.get(unit) ?? 0) + 1);
  }
  return counts;
}

function summaryOf(values: readonly number[]): SampleSummary {
  const n = values.length;
  const mean = n === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / n;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { n, mean, variance: n > 1 ? squares / (n - 1) : 0 };
}

function metricOf(metricID: string, metricName: string, control: SampleSummary, treatment: SampleSummary): PulseMetric | null {
  try {
    const { difference, interval, pValue } = welchTest({ control, treatment });
    return {
      metricID,
      metricName,
      directionality: 'decrease',
      absoluteChange: difference,
      confidenceIntervalDelta: (interval.upper ?? 0) - difference,
      percentChange: control.mean === 0 ? null : (difference / control.mean) * 100,
      testMean: treatment.mean,
      controlMean: control.mean,
      testStd: Math.sqrt(treatment.variance / treatment.n),
      controlStd: Math.sqrt(control.variance / control.n),
      testUnits: treatment.n,
      controlUnits: control.n,
      pValue,
    };
  } catch (error) {
    if (error instanceof StatisticsError) return null;
    throw error;
  }
}

const primaryMetricSchema = z.looseObject({ name: z.string(), type: z.string() });

function primaryId(metric: unknown): string | null {
  const parsed = primaryMetricSchema.safeParse(metric);
  return parsed.success ? `${parsed.data.name}::${parsed.data.type}` : null;
}
