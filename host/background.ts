import type { HostContext } from './host-context.js';

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

  /** Lets it go on by itself. */
  run(what: string, work: Promise<unknown>): void {
    work.catch((error: unknown) => this.trouble(what, error));
  }

  /** A worker that has let go of its attempts has nothing more to say of them. */
  private trouble(what: string, error: unknown): void {
    if (!this.host.detached.aborted) this.host.events.emit('trouble', { name: this.name, what, error });
  }
}
