import { requireFinite } from './arguments.js';

/** What a sequential test says at one moment. */
export interface Evidence {
  /** Natural logarithm of the e-value now. */
  logEValue: number;
  /** The e-value now: at least 1/alpha rejects the null at level alpha. Number.MAX_VALUE where it is larger. */
  eValue: number;
  /** Anytime-valid: the smallest 1/e so far, at most 1; it never rises. */
  pValue: number;
}

/** @param logEValue now. @param maxLogEValue the highest so far, the start (0) included. @throws StatisticsError NotFinite. */
export function evidence(logEValue: number, maxLogEValue: number): Evidence {
  requireFinite('logEValue', logEValue);
  requireFinite('maxLogEValue', maxLogEValue);
  return { logEValue, eValue: Math.min(Math.exp(logEValue), Number.MAX_VALUE), pValue: Math.min(1, Math.exp(-maxLogEValue)) };
}
