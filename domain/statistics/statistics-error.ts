/** What an argument can be wrong in. */
export const statisticsErrorCodes = {
  /** Not a number, infinite, or no integer where a count is wanted. */
  notFinite: 'NotFinite',
  /** Outside the range that the argument's doc comment states. */
  outOfRange: 'OutOfRange',
  /** Too few observations for the method to say anything. */
  tooFew: 'TooFewObservations',
  /** No variance, where the method divides by it. */
  noVariance: 'NoVariance',
} as const;

export type StatisticsErrorCode = (typeof statisticsErrorCodes)[keyof typeof statisticsErrorCodes];

/** Thrown by every function of this folder for input that it can give no result for; never a NaN in its stead. */
export class StatisticsError extends RangeError {
  constructor(
    readonly code: StatisticsErrorCode,
    message: string,
  ) {
    super(message);
    this.name = 'StatisticsError';
  }
}
