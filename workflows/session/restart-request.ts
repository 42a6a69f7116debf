import type { CarriedSession } from '../messages.js';

/** That the living attempt is to be ended, with a checkpoint, and another begun. Nothing here waits. */
export class RestartRequest {
  constructor(private readonly carried: Pick<CarriedSession, 'restartBy'>) {}

  /** Who asked, and why; null where nobody did. */
  get by(): string | null {
    return this.carried.restartBy ?? null;
  }

  want(by: string): void {
    this.carried.restartBy = by;
  }

  /** The attempt has ended, whoever ended it. */
  done(): void {
    this.carried.restartBy = null;
  }
}
