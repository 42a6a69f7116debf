import { EventEmitter } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Notice } from '../../domain/notice.js';
import type { HostEvents, NoticeAbout } from '../../host/host-context.js';
import { NoticeDesk } from '../../host/notices/notice-desk.js';
import { NoticeRecords } from '../../host/notices/notice-records.js';
import { poll } from './poll.js';
import { WebhookReceiver } from './webhook-receiver.js';

/** Tries follow one another at once. */
const hasty = { retries: 3, minTimeout: 1, maxTimeout: 2 };

/** A $SHIM_HOME whose notices are told for real: programs are run, and a webhook is served. */
export class NoticeWorld {
  readonly home = mkdtempSync(join(tmpdir(), 'shim-notices-'));
  readonly told: (NoticeAbout & { problem: string | null })[] = [];
  readonly environment: NodeJS.ProcessEnv = { PATH: `${this.home}/bin:${process.env['PATH']}`, HOOK_SECRET: 'a secret' };
  private readonly events = new EventEmitter<HostEvents>();
  private readonly letGo: AbortController[] = [];

  private constructor(readonly webhook: WebhookReceiver) {
    this.events.on('notice_delivered', (about) => this.told.push({ ...about, problem: null }));
    this.events.on('notice_failed', (about) => this.told.push(about));
  }

  static async open(): Promise<NoticeWorld> {
    return new NoticeWorld(await WebhookReceiver.start());
  }

  /** @param mode of the file. */
  configure(channels: unknown, mode = 0o600): void {
    const path = join(this.home, 'notices.json');
    writeFileSync(path, typeof channels === 'string' ? channels : JSON.stringify({ channels }));
    chmodSync(path, mode);
  }

  /** A channel of type webhook, to this world's own receiver. */
  hook(change: object = {}): object {
    return { name: 'hook', type: 'webhook', url: this.webhook.url, secretEnv: 'HOOK_SECRET', ...change };
  }

  /** The next worker of the host. */
  desk(retry = hasty): { desk: NoticeDesk; dies: () => void } {
    const letGo = new AbortController();
    this.letGo.push(letGo);
    return { desk: new NoticeDesk({ home: this.home, hostId: 'host', events: this.events, detached: letGo.signal }, this.environment, retry), dies: () => letGo.abort() };
  }

  /** Resolves once so many channels have taken a notice or were given up. */
  async until(count: number): Promise<(NoticeAbout & { problem: string | null })[]> {
    return poll(
      () => Promise.resolve(this.told),
      ({ length }) => length >= count,
      60_000,
    );
  }

  /** What is on disk of a notice, once all of its channels are settled. */
  async settled(id: string): Promise<unknown> {
    const record = () => new NoticeRecords(this.home).all().find(({ notice }) => notice.id === id);
    return poll(
      () => Promise.resolve(record()),
      (seen) => seen?.deliveries.every(({ state }) => state !== 'owed') === true,
      60_000,
    );
  }

  read(file: string): string {
    return readFileSync(join(this.home, file), 'utf8');
  }

  async close(): Promise<void> {
    for (const each of this.letGo) each.abort();
    await this.webhook.close();
    rmSync(this.home, { recursive: true, force: true });
  }
}

/** A notice of that id. */
export function aNotice(id: string, change: Partial<Notice> = {}): Notice {
  return { id, kind: 'finished', need: null, session: 'api', sessionId: 'a-session', agent: 'command', hostId: 'host', state: 'completed', attempt: 1, atMs: Date.now(), line: 'api (command) is completed: exit 0. What now: nothing', ...change };
}
