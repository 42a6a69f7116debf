import type { ProofOfDeath } from '../domain/receipt.js';
import type { SecondWriter } from '../domain/second-writer.js';
import type { CheckpointManager } from './checkpoints/checkpoint-manager.js';
import { fence, type HeldAttempt } from './process/holder.js';
import { ParkedHolder, type ParkingPlace } from './process/parked-holder.js';
import { recentProcessTable, type ProcessTable } from './process/shared-table.js';

/** What is prepared is for a decision that comes at once; after this it would be stale, ms. */
const freshMs = 5_000;

/** The process table that has shown an attempt dead, or a newer one, shows a second writer as well: where many end at once, a hundred looks in it take this long, ms. */
const tableAgeMs = 1_000;

/**
 * What can be done for a session's next attempt while Temporal decides whether there is to be one: the proof that the last
 * one is dead, the looks for a second writer and for its newest checkpoint, and a holder that waits for its command. All of it is only sooner, not
 * less: who begins the attempt does himself what is not there.
 */
export class Preparation {
  private readonly proof: Promise<ProofOfDeath | null>;
  private readonly timer: NodeJS.Timeout;
  private holder: ParkedHolder | null = null;
  private over = false;
  private writer: SecondWriter | null | undefined;

  /**
   * @param lookForWriter looks for a second writer of the session, once the attempt is proved dead.
   * @param onTrouble told of a holder that cannot be parked, and of a look that failed.
   */
  constructor(
    readonly attemptId: string,
    held: HeldAttempt,
    checkpoints: CheckpointManager,
    private readonly place: ParkingPlace,
    private readonly lookForWriter: (table: ProcessTable) => SecondWriter | null,
    private readonly onTrouble: (error: unknown) => void,
  ) {
    this.timer = setTimeout(() => this.discard(), freshMs).unref();
    checkpoints.loadAhead(freshMs);
    this.proof = new Promise((resolve) => {
      // A fork, and a look through all processes, hold the loop for some ms: the report on its way goes first.
      setImmediate(() => {
        if (!this.over) this.attempt(() => this.park());
        resolve(this.over ? null : this.prove(held));
      });
    });
  }

  private async prove(held: HeldAttempt): Promise<ProofOfDeath | null> {
    // What cannot be proved now is looked at again by who needs it, and told there.
    const proof = await fence(held).catch(() => null);
    if (proof && !this.over) this.attempt(() => (this.writer = this.lookForWriter(recentProcessTable(tableAgeMs))));
    return proof;
  }

  private park(): void {
    const holder = new ParkedHolder(this.place);
    this.holder = holder;
    holder.pid.catch((error: unknown) => {
      if (this.holder === holder) this.holder = null;
      this.onTrouble(error);
    });
  }

  private attempt(work: () => unknown): void {
    try {
      work();
    } catch (error) {
      this.onTrouble(error);
    }
  }

  /** The second writer that was found, or that there is none; undefined where it is to be looked for anew. */
  get secondWriter(): SecondWriter | null | undefined {
    return this.over ? undefined : this.writer;
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
