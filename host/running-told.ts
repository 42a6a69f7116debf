/** Tells a session once that its attempt runs: with the answer to its start while that is waited for, by a message of its own later. */
export class RunningTold {
  private readonly waiting = new Set<(atMs: number | null) => void>();

  /** @param isTold whether an earlier worker has told it. @param send sends the message, until it has arrived. */
  constructor(
    public isTold: boolean,
    private readonly send: (atMs: number) => Promise<void>,
  ) {}

  /**
   * Waits for the first event, to tell it with the answer. An answer that is lost is asked for again, and tells it again.
   *
   * @returns Unix ms; null where it has not come within the patience, ms, or before the signal, or never will.
   */
  inAnswer(patienceMs: number, noLonger: AbortSignal): Promise<number | null> {
    if (noLonger.aborted) return Promise.resolve(null);
    return new Promise((resolve) => {
      const giveUp = () => answer(null);
      const answer = (atMs: number | null) => {
        clearTimeout(timer);
        noLonger.removeEventListener('abort', giveUp);
        this.waiting.delete(answer);
        resolve(atMs);
      };
      const timer = setTimeout(giveUp, patienceMs);
      noLonger.addEventListener('abort', giveUp);
      this.waiting.add(answer);
    });
  }

  /** It runs since then, Unix ms. @returns once the session has been told, or the answer that tells it is on its way. */
  async runs(atMs: number): Promise<void> {
    if (this.isTold) return;
    if (this.waiting.size === 0) await this.send(atMs);
    this.isTold = true;
    this.answerAll(atMs);
  }

  /** It has ended, or is another worker's to watch. */
  over(): void {
    this.answerAll(null);
  }

  private answerAll(atMs: number | null): void {
    for (const answer of this.waiting) answer(atMs);
  }
}
