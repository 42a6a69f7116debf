import logUpdate from 'log-update';
import pc from 'picocolors';
import type { ShimClient } from '../../client/shim-client.js';
import { renderTable } from '../../client/cli/table.js';

const intervalMs = 250;

/** Shows the sessions while they run: a table in place on a terminal, a line for each change elsewhere. */
export class LiveTable {
  private timer: NodeJS.Timeout | null = null;
  private looking: Promise<void> = Promise.resolve();
  private readonly last = new Map<string, string>();
  private readonly began = performance.now();

  constructor(
    private readonly client: ShimClient,
    private readonly names: readonly string[],
  ) {}

  start(): void {
    this.timer = setInterval(() => {
      this.looking = this.looking.then(() => this.look());
    }, intervalMs);
  }

  /** A line that stays. */
  note(what: string): void {
    this.print(pc.yellow(what));
  }

  async stop(): Promise<void> {
    if (this.timer) clearInterval(this.timer);
    await this.looking;
    await this.look();
    if (process.stdout.isTTY) logUpdate.done();
  }

  private async look(): Promise<void> {
    const statuses = await Promise.all(this.names.map((name) => this.client.status(name).catch(() => null)));
    const known = statuses.filter((status) => status !== null);
    if (process.stdout.isTTY) {
      const rows = known.map(({ name, state, epoch, restarts, attempt, checkpoint, ends, reason }) => [name, state, String(epoch), String(restarts), String(attempt?.pid ?? ''), checkpoint?.id ?? '', ends.at(-1)?.exitClass ?? '', reason.slice(0, 50)]);
      logUpdate(renderTable(['NAME', 'STATE', 'ATTEMPT', 'RESTARTS', 'PID', 'CHECKPOINT', 'LAST END', 'WHY'], rows));
      return;
    }
    for (const { name, state, epoch, reason } of known) {
      const line = `${name}: ${state}, attempt ${epoch} (${reason})`;
      if (this.last.get(name) !== line) this.print(line);
      this.last.set(name, line);
    }
  }

  private print(text: string): void {
    const at = ((performance.now() - this.began) / 1_000).toFixed(1).padStart(5);
    if (process.stdout.isTTY) logUpdate.clear();
    process.stdout.write(`${pc.dim(`${at} s`)}  ${text}\n`);
  }
}
