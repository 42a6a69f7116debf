import { formatDuration } from '../duration.js';
import type { Interval } from '../statistics/interval.js';
import type { MetricDefinition } from './metric.js';

/** A value of a metric in its unit. */
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

/** The difference of two values; of two ratios in percentage points, for `-62 %` might as well be a share of one of them. */
export function formatDifference(value: number, unit: MetricDefinition['unit']): string {
  return unit === 'ratio' ? `${points(value)} percentage points` : formatMetric(value, unit);
}

/** The interval of a difference: `-70 and -30 percentage points`. */
export function formatInterval({ lower, upper }: Interval, unit: MetricDefinition['unit']): string {
  const isOpen = lower === null && upper === null;
  const ends = [lower, upper].map((end) => (end === null ? 'no bound' : unit === 'ratio' ? points(end) : formatMetric(end, unit)));
  return `${ends.join(' and ')}${unit === 'ratio' && !isOpen ? ' percentage points' : ''}`;
}

function points(ratio: number): string {
  const text = (ratio * 100).toLocaleString('en', { maximumFractionDigits: 1 });
  return text === '-0' ? '0' : text;
}
