import type { ProofOfDeath } from '../domain/receipt.js';
import type { CheckpointManager } from './checkpoints/checkpoint-manager.js';
import { fence, type HeldAttempt } from './process/holder.js';
import { ParkedHolder, type ParkingPlace } from './process/parked-holder.js';

/** What is prepared is for a decision that comes at once; after this it would be stale, ms. */
const freshMs = 5_000;

/**
 * What can be done for a session's next attempt while Temporal decides whether there is to be one: the proof that the last
 * one is dead, the look for its newest checkpoint, and a holder that waits for its command. All of it is only sooner, not
 * less: who begins the attempt does himself what is not there.
 */
export class Preparation {
  private readonly proof: Promise<ProofOfDeath | null>;
  private readonly timer: NodeJS.Timeout;
  private holder: ParkedHolder | null = null;
  private over = false;

  /** @param onTrouble told of a holder that cannot be parked. */
  constructor(
    readonly attemptId: string,
    held: HeldAttempt,
    checkpoints: CheckpointManager,
    private readonly place: ParkingPlace,
    onTrouble: (error: unknown) => void,
  ) {
    this.timer = setTimeout(() => this.discard(), freshMs).unref();
    checkpoints.loadAhead(freshMs);
    this.proof = new Promise((resolve) => {
      // A fork, and a look through all processes, hold the loop for some ms: the report on its way goes first.
      setImmediate(() => {
        this.park(onTrouble);
        // What cannot be proved now is looked at again by who needs it, and told there.
        resolve(this.over ? null : fence(held).catch(() => null));
      });
    });
  }

  private park(onTrouble: (error: unknown) => void): void {
    try {
      if (!this.over) this.holder = new ParkedHolder(this.place);
    } catch (error) {
      onTrouble(error);
    }
  }

  /** The proof that the attempt is dead, and stays so; null where it is to be made anew. */
  async takeProof(): Promise<ProofOfDeath | null> {
    return this.over ? null : this.proof;
  }

  /** A holder for the next attempt; null where one is to be started. */
  takeHolder(): ParkedHolder | null {
    const { holder } = this;
    if (this.over || !holder?.canHold(this.place.cwd)) return null;
    this.holder = null;
    return holder;
  }

  /** Ends what was prepared and not taken. */
  discard(): void {
    this.over = true;
    clearTimeout(this.timer);
    this.holder?.dismiss();
    this.holder = null;
  }
}
