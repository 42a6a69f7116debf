import type { Measurements } from '../../domain/opportunity-rules/measurements.js';
import type { SessionRecord } from '../../domain/outcome.js';

/** From inclusive, until exclusive, Unix ms. */
export interface MeasuredWindow {
  fromMs: number;
  untilMs: number;
}

/** Where measurements come from. What a source cannot tell is null in what it gives; where it cannot be asked at all it throws. */
export interface MetricsSource {
  /** @throws MetricsSourceError */
  measure(window: MeasuredWindow): Promise<Measurements>;
  /** The sessions behind the measurements, one by one, where the source keeps them: for a replay. */
  recorded?(window: MeasuredWindow): Promise<readonly SessionRecord[]>;
}

/** What is wrong with a source. */
export const metricsSourceErrorCodes = {
  /** It does not answer, or not in time. */
  unreachable: 'Unreachable',
  /** It answers that it cannot. */
  refused: 'Refused',
  /** It answers what is no answer. */
  garbage: 'Garbage',
} as const;
export type MetricsSourceErrorCode = (typeof metricsSourceErrorCodes)[keyof typeof metricsSourceErrorCodes];

/** Thrown where a source could not be asked; nothing is known then. */
export class MetricsSourceError extends Error {
  override name = 'MetricsSourceError';
  constructor(
    readonly code: MetricsSourceErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
