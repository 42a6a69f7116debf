/** Thrown where Statsig does not answer, asks to wait, or answers what nobody understands: the same call may succeed later. Holds no key. */
export class StatsigUnavailableError extends Error {
  override name = 'StatsigUnavailableError';
}

/** Thrown where Statsig understood and refused: the same call is refused again. Holds no key. */
export class StatsigRefusedError extends Error {
  override name = 'StatsigRefusedError';

  constructor(
    /** HTTP status, 400-499. */
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}
