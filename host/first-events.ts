import type { AttemptRunner } from './attempt-runner.js';

/** How long an attempt's first event is waited for: a silent program runs after a second of life, and most agents have begun their stream. */
const firstEventMs = 2_000;

/** So many are waited for at once: the rest of what the worker can do at a time is for starts and stops that have something to do. */
const mostAwaited = 100;

/** Waits a little for first events of attempts, which their sessions are then not told of by a message of their own. */
export class FirstEvents {
  /** How many are being waited for. */
  private awaited = 0;

  /**
   * @param noLonger lets go at once.
   * @returns Unix ms; null where there is none yet, the attempt has ended, or too many are waited for.
   */
  async of(runner: AttemptRunner, noLonger: AbortSignal): Promise<number | null> {
    if (this.awaited >= mostAwaited) return null;
    this.awaited += 1;
    try {
      return await runner.tellInAnswer(firstEventMs, noLonger);
    } finally {
      this.awaited -= 1;
    }
  }
}
