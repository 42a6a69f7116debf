import { unknownMeasurements, type Measurements } from '../../domain/opportunity-rules/measurements.js';
import type { SHIMMetrics } from '../metrics-registry.js';
import type { MeasuredWindow, MetricsSource } from './metrics-source.js';
import { measurementsOf } from './sampled-measurements.js';

/**
 * A process's own SHIMMetrics as a source: all since it started. Its counters keep no past, so that a window that ended
 * before their last count is unknown.
 */
export class RegistrySource implements MetricsSource {
  constructor(private readonly metrics: SHIMMetrics) {}

  async measure({ untilMs }: MeasuredWindow): Promise<Measurements> {
    const { startedAtMs, lastCountedAtMs } = this.metrics;
    const window = { fromMs: Math.min(untilMs, startedAtMs), untilMs, newestAtMs: lastCountedAtMs };
    if (untilMs <= startedAtMs || (lastCountedAtMs !== null && untilMs <= lastCountedAtMs)) return unknownMeasurements({ ...window, newestAtMs: null });
    return measurementsOf(await this.metrics.samples(), window);
  }
}
