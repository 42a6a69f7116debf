import { StatisticsError, statisticsErrorCodes } from './statistics-error.js';

/** @throws StatisticsError NotFinite. */
export function requireFinite(name: string, value: number): void {
  if (!Number.isFinite(value)) throw new StatisticsError(statisticsErrorCodes.notFinite, `${name} is ${value}, and has to be a finite number`);
}

/** @throws StatisticsError NotFinite, OutOfRange unless low <= value <= high. */
export function requireWithin(name: string, value: number, low: number, high: number): void {
  requireFinite(name, value);
  if (value < low || value > high) throw new StatisticsError(statisticsErrorCodes.outOfRange, `${name} is ${value}, and has to be from ${low} to ${high}`);
}

/** @throws StatisticsError NotFinite, OutOfRange unless low < value < high: significance levels, shares, powers. */
export function requireBetween(name: string, value: number, low: number, high: number): void {
  requireFinite(name, value);
  if (value <= low || value >= high) throw new StatisticsError(statisticsErrorCodes.outOfRange, `${name} is ${value}, and has to lie between ${low} and ${high}`);
}

/** @throws StatisticsError NotFinite, OutOfRange unless value > 0. */
export function requirePositive(name: string, value: number): void {
  requireFinite(name, value);
  if (value <= 0) throw new StatisticsError(statisticsErrorCodes.outOfRange, `${name} is ${value}, and has to be above 0`);
}

/** @throws StatisticsError NotFinite unless an integer, OutOfRange where below `least`. */
export function requireCount(name: string, value: number, least = 0): void {
  if (!Number.isSafeInteger(value)) throw new StatisticsError(statisticsErrorCodes.notFinite, `${name} is ${value}, and has to be a whole number`);
  if (value < least) throw new StatisticsError(statisticsErrorCodes.outOfRange, `${name} is ${value}, and has to be at least ${least}`);
}

/** Several counts, as a table has them. @throws as requireCount. */
export function requireCounts(name: string, values: readonly number[], least = 0): void {
  values.forEach((value, at) => requireCount(`${name}[${at}]`, value, least));
}

/** Successes among trials. @throws as requireCount, and OutOfRange where there are more successes than trials. */
export function requireSuccesses(name: string, successes: number, trials: number): void {
  requireCount(name, successes);
  requireCount(`trials of ${name}`, trials);
  if (successes > trials) throw new StatisticsError(statisticsErrorCodes.outOfRange, `${name} is ${successes} of only ${trials} trials`);
}

/** An interval whose open ends are null. @throws StatisticsError NotFinite, OutOfRange where its ends are in the wrong order. */
export function requireInterval(name: string, { lower, upper }: { lower: number | null; upper: number | null }): void {
  if (lower !== null) requireFinite(`lower end of ${name}`, lower);
  if (upper !== null) requireFinite(`upper end of ${name}`, upper);
  if (lower !== null && upper !== null && lower > upper) throw new StatisticsError(statisticsErrorCodes.outOfRange, `${name} from ${lower} to ${upper} is empty`);
}

/** @throws StatisticsError TooFewObservations where fewer than `least`. */
export function requireObservations(name: string, count: number, least: number): void {
  if (count < least) throw new StatisticsError(statisticsErrorCodes.tooFew, `${name} has ${count} observations, and needs at least ${least}`);
}

/** @throws StatisticsError NoVariance where it is not above 0. */
export function requireVariance(name: string, variance: number): void {
  if (!(variance > 0)) throw new StatisticsError(statisticsErrorCodes.noVariance, `${name} does not vary: every observation is the same`);
}
