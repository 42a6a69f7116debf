import pRetry from 'p-retry';
import type { HostContext } from './host-context.js';

/** What could not be done is tried again after this, ms. */
const againAfterMs = 1_000;

/** Work whose failure stops nothing, and is told as trouble: what goes wrong with one session may not end the worker of all the others. */
export class Background {
  /** @param name of the session that the work is for; null where it is for none. */
  constructor(
    private readonly host: Pick<HostContext, 'events' | 'detached'>,
    private readonly name: string | null,
  ) {}

  /** Does it now. @param what it is, as one reads it in the log. */
  guard(what: string, work: () => void): void {
    try {
      work();
    } catch (error) {
      this.trouble(what, error);
    }
  }

  /** Does it now, and where that fails again and again until it succeeds or the worker lets go: a disk that is full has room later. */
  insist(what: string, work: () => void): void {
    try {
      work();
    } catch (error) {
      this.trouble(what, error);
      this.run(what, pRetry(work, { retries: Number.POSITIVE_INFINITY, minTimeout: againAfterMs, factor: 1, unref: true, signal: this.host.detached }));
    }
  }

  /** Lets it go on by itself. */
  run(what: string, work: Promise<unknown>): void {
    work.catch((error: unknown) => this.trouble(what, error));
  }

  /** A worker that has let go of its attempts has nothing more to say of them. */
  private trouble(what: string, error: unknown): void {
    if (!this.host.detached.aborted) this.host.events.emit('trouble', { name: this.name, what, error });
  }
}
