import { closedStates } from '../domain/session.js';
import { listSessionFolders } from '../host/session-folder.js';
import type { CommandInput, CommandResult } from '../workflows/messages.js';
import { NoWorkerError, ShimDownError } from './errors.js';
import { glanceAtFolder, glanceAtOpen, type SessionGlance } from './session-overview.js';
import { ShimClient, type ListedGroup, type SessionCommand } from './shim-client.js';

/** All sessions, fleets and accounts at one moment. */
export interface Look {
  /** Open sessions, and those that have closed since the first look; by name. */
  sessions: SessionGlance[];
  groups: ListedGroup[];
  /** Why this is not all, or not fresh; null where it is. */
  warning: string | null;
}

/**
 * Looks at everything again and again over one connection. A look is two lists by Temporal, one read for each host and one for each
 * account that is limited, however many sessions there are; only the one that a person has chosen is asked itself. A Temporal that is
 * away is tried anew at each look, and the folders of this machine tell meanwhile.
 */
export class LiveLook {
  private client: ShimClient | null = null;
  private open: readonly string[] = [];
  /** Seen open, and no longer. */
  private readonly closed = new Map<string, SessionGlance>();

  constructor(
    private readonly home: string,
    private readonly environment: NodeJS.ProcessEnv,
  ) {}

  /** @param chosen asked for its reason, where it does not run. */
  async look(chosen: string | null): Promise<Look> {
    try {
      this.client ??= await ShimClient.connect(this.home, this.environment);
      const [{ value, warning }, groups] = await Promise.all([glanceAtOpen(this.client, this.home), this.client.listGroups()]);
      this.noteClosed(value);
      const at = value.find(({ name }) => name === chosen);
      const asked = at ? await this.withReason(at) : undefined;
      const open = value.map((glance) => (glance === at && asked ? asked : glance));
      return { sessions: [...open, ...this.closed.values()].sort((a, b) => (a.name < b.name ? -1 : 1)), groups, warning };
    } catch (error) {
      if (!(error instanceof ShimDownError || error instanceof NoWorkerError)) throw error;
      await this.close();
      const known = listSessionFolders(this.home).flatMap(({ name }) => glanceAtFolder(this.home, name) ?? []);
      return { sessions: known.filter((glance) => !isClosed(glance)), groups: [], warning: `${error.message}. This is what the folders on this machine tell` };
    }
  }

  /** @throws CommandRefusedError, NoSuchSessionError, NoWorkerError; ShimDownError where Temporal is away. */
  async command(command: SessionCommand, name: string, input: CommandInput): Promise<CommandResult> {
    if (!this.client) throw new ShimDownError('Temporal is away; it is tried again');
    return this.client.command(command, name, input);
  }

  async close(): Promise<void> {
    const { client } = this;
    this.client = null;
    await client?.close();
  }

  /** Who has closed stays to be seen; its folder may hear of it a moment later than Temporal's list. */
  private noteClosed(open: readonly SessionGlance[]): void {
    const names = open.map(({ name }) => name);
    const now = new Set(names);
    const gone = [...this.open.filter((name) => !now.has(name)), ...[...this.closed.values()].filter((glance) => !isClosed(glance)).map(({ name }) => name)];
    for (const name of gone) {
      const glance = glanceAtFolder(this.home, name);
      if (glance) this.closed.set(name, glance);
    }
    for (const name of names) this.closed.delete(name);
    this.open = names;
  }

  private async withReason(glance: SessionGlance): Promise<SessionGlance> {
    if (glance.state === 'running' || !this.client) return glance;
    const status = await this.client.status(glance.name).catch(() => null);
    return status ? { ...glance, reason: status.reason, until: status.untilMs === null ? null : new Date(status.untilMs).toISOString() } : glance;
  }
}

function isClosed({ state }: SessionGlance): boolean {
  return closedStates.some((closed) => closed === state);
}
