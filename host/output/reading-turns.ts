/** Reads one piece; false when there is nothing more for now. */
export type Step = () => boolean;

/** A turn of reading between two turns of the event loop, ms. */
const turnMs = 8;

/**
 * All tails of a process read in turns: however many agents flood their output, timers and requests wait for one short
 * turn, and every tail gets its part.
 */
export class ReadingTurns {
  private readonly waiting = new Set<Step>();
  private scheduled = false;

  /** Has `step` called until it returns false. Asking again before that changes nothing. */
  add(step: Step): void {
    this.waiting.add(step);
    this.schedule();
  }

  remove(step: Step): void {
    this.waiting.delete(step);
  }

  private schedule(): void {
    if (this.scheduled || this.waiting.size === 0) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      try {
        this.take();
      } finally {
        this.schedule();
      }
    });
  }

  private take(): void {
    const until = performance.now() + turnMs;
    for (const step of this.waiting) {
      // Away first and back to the end: who throws is not asked again, who has more is asked after the others.
      this.waiting.delete(step);
      if (step()) this.waiting.add(step);
      if (performance.now() >= until) return;
    }
  }
}

/** The turns of this process. */
export const readingTurns = new ReadingTurns();
