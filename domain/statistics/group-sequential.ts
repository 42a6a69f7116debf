import { requireBetween, requireObservations, requirePositive } from './arguments.js';
import { bisect } from './bisect.js';
import { gaussLegendre } from './gauss-legendre.js';
import { StatisticsError, statisticsErrorCodes } from './statistics-error.js';
import { normalQuantile, normalUpperTail } from './tails.js';

/** `obrien-fleming` spends little early, `pocock` about the same at each look. */
export type SpendingFunction = 'obrien-fleming' | 'pocock';

const quadrature = gaussLegendre(160);

/** No boundary lies beyond: its chance is below 1e-300. */
const farthest = 37;

/**
 * Significance spent by a share of the information.
 *
 * Source: Lan and DeMets 1983, eq. (alpha 1) and (alpha 2): 2 - 2 Phi(z_(alpha/2) / sqrt(t)), alpha ln(1 + (e - 1) t).
 *
 * @param alpha one-sided, between 0 and 1. @param information share, 0 < t <= 1. @throws StatisticsError NotFinite, OutOfRange.
 */
export function spentAlpha(spending: SpendingFunction, alpha: number, information: number): number {
  requireBetween('alpha', alpha, 0, 1);
  requireBetween('information', information, 0, 1 + Number.EPSILON);
  if (spending === 'pocock') return alpha * Math.log1p((Math.E - 1) * information);
  return 2 * normalUpperTail(normalQuantile(1 - alpha / 2) / Math.sqrt(information));
}

/**
 * Two-sided symmetric boundaries for looks that are scheduled: reject at look k where |z| >= boundary k. Asymptotic in the
 * statistic, exact in the spending.
 *
 * Source: Armitage, McPherson and Rowe 1969 (recursive integration); Lan and DeMets 1983. Each side spends alpha / 2.
 *
 * @param information shares of the planned information at the looks, ascending, the last at most 1.
 * @returns a boundary for each look. @throws StatisticsError TooFewObservations (no look), OutOfRange, NotFinite.
 */
export function spendingBoundaries(spending: SpendingFunction, alpha: number, information: readonly number[]): number[] {
  requireLooks(information);
  let spent = 0;
  let walk: Walk | null = null;
  return information.map((share, at) => {
    const due = 2 * spentAlpha(spending, alpha / 2, share);
    const toSpend = due - spent;
    spent = due;
    const step = share - (information[at - 1] ?? 0);
    const crossing = (boundary: number) => crossingChance(walk, boundary * Math.sqrt(share), step);
    const boundary = bisect(0, farthest, (candidate) => crossing(candidate) > toSpend);
    walk = advance(walk, boundary * Math.sqrt(share), step);
    return boundary;
  });
}

/**
 * The chance that |z| ever reaches its boundary, under no effect: what naive boundaries cost.
 *
 * @param boundaries one for each look, above 0. @throws StatisticsError as spendingBoundaries.
 */
export function crossingProbability(boundaries: readonly number[], information: readonly number[]): number {
  requireLooks(information);
  if (boundaries.length !== information.length) throw new StatisticsError(statisticsErrorCodes.outOfRange, `there are ${boundaries.length} boundaries for ${information.length} looks`);
  for (const boundary of boundaries) requirePositive('a boundary', boundary);
  let total = 0;
  let walk: Walk | null = null;
  information.forEach((share, at) => {
    const step = share - (information[at - 1] ?? 0);
    const boundary = (boundaries[at] as number) * Math.sqrt(share);
    total += crossingChance(walk, boundary, step);
    walk = advance(walk, boundary, step);
  });
  return Math.min(1, total);
}

/** Where the score stands that has not crossed yet: a density, at the nodes between the last boundaries. */
interface Walk {
  points: number[];
  masses: number[];
}

/** The chance to be at or past ±boundary after a step of this variance. */
function crossingChance(walk: Walk | null, boundary: number, step: number): number {
  const deviation = Math.sqrt(step);
  if (walk === null) return 2 * normalUpperTail(boundary / deviation);
  // Both sides, by symmetry of the density.
  return 2 * walk.points.reduce((sum, point, at) => sum + (walk.masses[at] as number) * normalUpperTail((boundary - point) / deviation), 0);
}

function advance(walk: Walk | null, boundary: number, step: number): Walk {
  const deviation = Math.sqrt(step);
  // Where the boundary is far out, the density ends long before it.
  const limit = Math.min(boundary, walk === null ? 12 * deviation : Math.max(...walk.points) + 12 * deviation);
  const points = quadrature.nodes.map((node) => node * limit);
  const density = (x: number) => Math.exp((-x * x) / (2 * step)) / (deviation * Math.sqrt(2 * Math.PI));
  const masses = points.map((point, at) => {
    const here = walk === null ? density(point) : walk.points.reduce((sum, from, k) => sum + (walk.masses[k] as number) * density(point - from), 0);
    return here * (quadrature.weights[at] as number) * limit;
  });
  return { points, masses };
}

function requireLooks(information: readonly number[]): void {
  requireObservations('information', information.length, 1);
  information.forEach((share, at) => requireBetween(`information[${at}]`, share, information[at - 1] ?? 0, 1 + Number.EPSILON));
}
