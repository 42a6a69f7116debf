import { requireBetween, requirePositive } from './arguments.js';

/**
 * The point (p, p + difference) that is nearest to the means (control, treatment) in Kullback-Leibler
 * divergence weighted by the trials of each arm; p is returned. It minimises
 * na KL(ta, p) + nb KL(tb, p + difference), whose derivative times p (1-p) q (1-q), with q = p + difference, is
 * the cubic na (p - ta) q (1 - q) + nb (q - tb) p (1 - p); its root between ta and tb - difference is unique and
 * found by Newton steps inside a bracket.
 *
 * Source: Turner and Grunwald 2023, Statistics and Probability Letters 198 (arXiv 2203.09785): the
 * reverse information projection for a convex null. Exact to rounding. Both means lie strictly inside (0, 1),
 * both trials are above 0, the difference strictly inside (-1, 1).
 * @throws StatisticsError NotFinite, OutOfRange.
 */
export function projectOntoDifference(controlTrials: number, control: number, treatmentTrials: number, treatment: number, difference: number): number {
  requirePositive('controlTrials', controlTrials);
  requirePositive('treatmentTrials', treatmentTrials);
  requireBetween('control', control, 0, 1);
  requireBetween('treatment', treatment, 0, 1);
  requireBetween('difference', difference, -1, 1);
  if (difference === 0) return (controlTrials * control + treatmentTrials * treatment) / (controlTrials + treatmentTrials);
  const shifted = treatment - difference;
  let low = Math.max(Math.min(control, shifted), 0, -difference);
  let high = Math.min(Math.max(control, shifted), 1, 1 - difference);
  const weight = controlTrials / (control * (1 - control));
  const otherWeight = treatmentTrials / (treatment * (1 - treatment));
  let p = (weight * control + otherWeight * shifted) / (weight + otherWeight);
  for (let step = 0; step < 100; step += 1) {
    if (!(p > low && p < high)) p = (low + high) / 2;
    const q = p + difference;
    const vp = p * (1 - p);
    const vq = q * (1 - q);
    const value = controlTrials * (p - control) * vq + treatmentTrials * (q - treatment) * vp;
    if (value > 0) high = p;
    else low = p;
    const slope = controlTrials * (vq + (p - control) * (1 - 2 * q)) + treatmentTrials * (vp + (q - treatment) * (1 - 2 * p));
    const next = p - value / slope;
    if (Math.abs(next - p) <= 4e-16 * p || value === 0) return next > low && next < high ? next : p;
    p = next;
  }
  return p;
}
