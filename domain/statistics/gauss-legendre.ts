import { requireCount } from './arguments.js';

export interface Quadrature {
  /** On [-1, 1]. */
  nodes: number[];
  weights: number[];
}

/**
 * Nodes and weights of Gauss and Legendre's rule: exact for polynomials up to degree 2n - 1, and to rounding for smooth
 * functions such as normal densities.
 *
 * Source: Press et al. 2007, section 4.6.1 (Newton's method from the asymptotic zeros).
 *
 * @param n nodes, from 1. @throws StatisticsError NotFinite, OutOfRange.
 */
export function gaussLegendre(n: number): Quadrature {
  requireCount('n', n, 1);
  const nodes: number[] = [];
  const weights: number[] = [];
  for (let i = 0; i < n; i += 1) {
    let x = Math.cos((Math.PI * (i + 0.75)) / (n + 0.5));
    let slope = 0;
    // Quadratic convergence: five steps are more than enough.
    for (let step = 0; step < 8; step += 1) {
      let before = 1;
      let value = x;
      for (let k = 2; k <= n; k += 1) [before, value] = [value, ((2 * k - 1) * x * value - (k - 1) * before) / k];
      slope = (n * (x * value - before)) / (x * x - 1);
      x -= value / slope;
    }
    nodes.push(x);
    weights.push(2 / ((1 - x * x) * slope * slope));
  }
  return { nodes, weights };
}
