import betainc from '@stdlib/math-base-special-betainc';
import gammaln from '@stdlib/math-base-special-gammaln';
import { requireFinite, requirePositive, requireWithin } from './arguments.js';
import { normalUpperTail } from './tails.js';

/** The series is cut where what is left of it is less than this. */
const tolerance = 1e-14;
const longestSeries = 10_000;
/** Past this the first terms of the series are 0. */
const farthest = 37;

/**
 * P(T <= t) of Student's t with a noncentrality: what a t test's power is computed from.
 *
 * Source: Lenth 1989, algorithm AS 243.
 *
 * @param noncentrality the standardised difference; up to about 37, past which all of the mass lies right of any usual t.
 * @throws StatisticsError NotFinite, OutOfRange.
 */
export function noncentralTCdf(t: number, degreesOfFreedom: number, noncentrality: number): number {
  requireFinite('t', t);
  requirePositive('degreesOfFreedom', degreesOfFreedom);
  requireWithin('noncentrality', noncentrality, -farthest, farthest);
  if (t < 0) return 1 - noncentralTCdf(-t, degreesOfFreedom, -noncentrality);
  const below = normalUpperTail(noncentrality);
  if (t === 0) return below;
  // Not t² / (t² + degrees of freedom): t² may be past the largest number.
  const x = 1 / (1 + degreesOfFreedom / t / t);
  const half = (noncentrality * noncentrality) / 2;
  const b = degreesOfFreedom / 2;
  let logP = -half - Math.LN2;
  let sum = 0;
  let logQ = -half + Math.log(Math.abs(noncentrality)) - gammaln(1.5) - 1.5 * Math.LN2;
  let remaining = 0.5;
  for (let j = 0; j < longestSeries; j += 1) {
    const p = Math.exp(logP);
    const q = noncentrality === 0 ? 0 : Math.sign(noncentrality) * Math.exp(logQ);
    sum += p * betainc(x, j + 0.5, b) + q * betainc(x, j + 1, b);
    remaining -= p;
    if (j > half && remaining * 2 < tolerance) break;
    logP += Math.log(half) - Math.log(j + 1);
    logQ += Math.log(half) - Math.log(j + 1.5);
    if (noncentrality === 0) break;
  }
  requireFinite('the probability', sum);
  return Math.min(1, Math.max(0, sum + below));
}
