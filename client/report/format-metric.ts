import type { MetricDefinition } from '../../domain/experiments/metric.js';
import { formatDuration } from '../../domain/duration.js';

/** A value of a metric, or a difference of two, in its unit. */
export function formatMetric(value: number, unit: MetricDefinition['unit']): string {
  const sign = value < 0 ? '-' : '';
  const size = Math.abs(value);
  switch (unit) {
    case 'ratio':
      return `${sign}${(size * 100).toLocaleString('en', { maximumFractionDigits: 1 })} %`;
    case 'ms':
      return `${sign}${formatDuration(size)}`;
    case 'tokens':
      return `${sign}${Math.round(size).toLocaleString('en')} tokens`;
  }
}
