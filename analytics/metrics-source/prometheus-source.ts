import { unknownMeasurements, type Measurements } from '../../domain/opportunity-rules/measurements.js';
import { metricNames } from '../metric-names.js';
import { MetricsSourceError, metricsSourceErrorCodes, type MeasuredWindow, type MetricsSource } from './metrics-source.js';
import { PrometheusClient } from './prometheus-client.js';
import { measurementsOf, sampledNames, type Sample } from './sampled-measurements.js';

/** Labels that the measurements tell apart; the rest (instance, job, agent) is summed over. */
const keptLabels = 'le, crashed, foretold, waited, strategy, result';

/** Steps in which the age of telemetry is looked for where the newest is long ago, of a window. */
const steps = 1_000;

/** Sums and squares of these are finite. */
const mostRise = 1e100;

/**
 * Prometheus as a source, over all the workers that it scrapes. By increase(), which estimates: counts are to about one
 * scrape interval of the window. What it does not have is unknown.
 */
export class PrometheusSource implements MetricsSource {
  private readonly client: PrometheusClient;

  /** @param address as `http://127.0.0.1:9090`. @param options.timeoutMs how long an answer may take. */
  constructor(address: string, options: { timeoutMs?: number } = {}) {
    this.client = new PrometheusClient(address, options.timeoutMs);
  }

  async measure({ fromMs, untilMs }: MeasuredWindow): Promise<Measurements> {
    const newestAtMs = await this.newest(fromMs, untilMs);
    if (newestAtMs === null) return unknownMeasurements({ fromMs, untilMs, newestAtMs });
    const oldestAtMs = await this.sampledAt('min', fromMs, untilMs);
    const range = `${Math.ceil(untilMs - fromMs)}ms`;
    const entries = await Promise.all(sampledNames.map(async (name) => [name, rises(name, await this.client.query(`sum by (${keptLabels}) (increase(${name}[${range}]))`, untilMs))] as const));
    const byName = new Map<string, readonly Sample[]>(entries);
    return measurementsOf((name) => byName.get(name) ?? [], { fromMs: Math.min(untilMs, Math.max(fromMs, oldestAtMs ?? fromMs)), untilMs, newestAtMs });
  }

  /** When a worker was last scraped in the window, Unix ms; null where none was. */
  private async newest(fromMs: number, untilMs: number): Promise<number | null> {
    const [now] = await this.client.query(`max(timestamp(${metricNames.uptimeSeconds}))`, untilMs);
    // Prometheus forgets a series five minutes after its last sample, or as soon as its target is gone.
    return now ? now.value * 1_000 : this.sampledAt('max', fromMs, untilMs);
  }

  private async sampledAt(which: 'min' | 'max', fromMs: number, untilMs: number): Promise<number | null> {
    const stepMs = Math.max(1_000, Math.ceil((untilMs - fromMs) / steps));
    const [at] = await this.client.query(`${which}(${which}_over_time(timestamp(${metricNames.uptimeSeconds})[${Math.ceil(untilMs - fromMs)}ms:${stepMs}ms]))`, untilMs);
    return at ? at.value * 1_000 : null;
  }
}

/** A counter rises, and squares of what is counted stay far below this. @throws MetricsSourceError where it fell, or rose by more. */
function rises(name: string, samples: Sample[]): Sample[] {
  const wrong = samples.find(({ value }) => value < 0 || value > mostRise);
  if (wrong) throw new MetricsSourceError(metricsSourceErrorCodes.garbage, `Prometheus answers that ${name} rose by ${wrong.value}`);
  return samples;
}
