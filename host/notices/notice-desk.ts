import pRetry from 'p-retry';
import { randomUUID } from 'node:crypto';
import type { Notice } from '../../domain/notice.js';
import type { Channel, ChannelTried, NoticeSettings, TryNoticesInput } from '../../domain/notice-channels.js';
import type { HostContext } from '../host-context.js';
import { KeyedMutex } from '../keyed-mutex.js';
import { DeliveryError } from './delivery-error.js';
import { NoticeRecords, type Delivery, type NoticeRecord } from './notice-records.js';
import { NoticeSettingsError, readNoticeSettings } from './notice-settings.js';
import { sendNotice } from './send-notice.js';

/** Waits between tries: 1, 2, 4 … 60 s, so that a receiver that is back within three minutes has all. */
const patience = { retries: 8, minTimeout: 1_000, maxTimeout: 60_000 };

/** A notice that could not be told within this is told no more, ms. */
const newsForMs = 86_400_000;

/** Records are kept for as long as Temporal keeps closed workflows, ms. */
const keptForMs = 30 * 86_400_000;

/** Between two looks for records that are too old, ms. */
const pruneEveryMs = 3_600_000;

/**
 * Tells people what sessions have come to, through the channels of $SHIM_HOME/notices.json. A notice is on disk before it is
 * told, with what became of it for each channel, so that one that is taken twice is told once, and one whose worker dies is
 * told by the next. Only where a worker dies between a channel's answer and its record is a notice told again, by the same id.
 */
export class NoticeDesk {
  private readonly records: NoticeRecords;
  private readonly mutex = new KeyedMutex();
  private prunedAtMs = 0;

  constructor(
    private readonly host: Pick<HostContext, 'home' | 'hostId' | 'events' | 'detached'>,
    private readonly environment: NodeJS.ProcessEnv = process.env,
    private readonly retry: typeof patience = patience,
  ) {
    this.records = new NoticeRecords(host.home);
  }

  /** Resolves when the notice is durable; its delivery goes on, each channel by itself. Nothing is kept where nobody asked to be told. */
  async take(notice: Notice): Promise<void> {
    await this.mutex.run(notice.id, async () => {
      if (this.records.has(notice.id)) return;
      const settings = this.settings();
      if (settings === null) return;
      const channels = typeof settings === 'string' ? [] : settings.channels.filter(({ on }) => on.includes(notice.kind));
      const record: NoticeRecord = {
        notice,
        deliveries: channels.map(({ name }) => ({ channel: name, state: 'owed', atMs: null, problem: null })),
        problem: typeof settings === 'string' ? settings : null,
      };
      this.prune();
      await this.records.write(record);
      if (record.problem !== null) this.host.events.emit('notice_failed', { id: notice.id, session: notice.session, channel: null, type: 'none', problem: record.problem });
      this.deliverAll(record, channels);
    });
  }

  /** Goes on with what an earlier worker of this host did not come to tell. @returns notices that are owed. */
  resume(): number {
    this.records.removeUnfinished();
    const owed = this.records.all().filter(({ deliveries }) => deliveries.some(({ state }) => state === 'owed'));
    if (owed.length === 0) return 0;
    const settings = this.settings();
    const channels = settings === null || typeof settings === 'string' ? [] : settings.channels;
    for (const record of owed) this.deliverAll(record, channels);
    return owed.length;
  }

  /** Sends a notice that says it is a test, once through each channel. @throws NoticeSettingsError where there is none to be tried. */
  tryChannels({ channel: wanted }: TryNoticesInput): Promise<ChannelTried[]> {
    const settings = readNoticeSettings(this.host.home);
    const channels = (settings?.channels ?? []).filter(({ name }) => wanted === undefined || name === wanted);
    if (channels.length === 0) throw new NoticeSettingsError(wanted === undefined ? 'no channel is configured' : `there is no channel ${wanted}`);
    return Promise.all(channels.map((channel) => this.tryChannel(channel)));
  }

  private async tryChannel(channel: Channel): Promise<ChannelTried> {
    const { name, type } = channel;
    const line = 'this is a test of SHIM: so you will be told when a session has finished, has failed, or needs you';
    const notice: Notice = { id: randomUUID(), kind: 'finished', need: null, session: 'test', sessionId: randomUUID(), agent: 'command', hostId: this.host.hostId, state: 'completed', attempt: 0, atMs: Date.now(), line };
    try {
      await sendNotice(channel, notice, this.environment, this.host.detached);
      return { name, type, problem: null };
    } catch (error) {
      return { name, type, problem: wordsOf(error) };
    }
  }

  /** Null where there are none, the problem where they cannot be used. */
  private settings(): NoticeSettings | string | null {
    try {
      return readNoticeSettings(this.host.home);
    } catch (error) {
      if (error instanceof NoticeSettingsError) return error.message;
      throw error;
    }
  }

  private deliverAll(record: NoticeRecord, channels: readonly Channel[]): void {
    for (const delivery of record.deliveries) {
      if (delivery.state !== 'owed') continue;
      const channel = channels.find(({ name }) => name === delivery.channel);
      this.deliver(record, delivery, channel).catch((error: unknown) => {
        if (!this.host.detached.aborted) this.host.events.emit('trouble', { name: record.notice.session, what: 'deliver a notice', error });
      });
    }
  }

  private async deliver(record: NoticeRecord, delivery: Delivery, channel: Channel | undefined): Promise<void> {
    const { id, session, atMs } = record.notice;
    const problem = !channel ? 'the channel is no longer configured' : Date.now() - atMs > newsForMs ? 'it is no news any more' : await this.problemOf(channel, record.notice);
    Object.assign(delivery, { state: problem === null ? 'delivered' : 'failed', atMs: Date.now(), problem } satisfies Partial<Delivery>);
    const about = { id, session, channel: delivery.channel, type: channel?.type ?? ('none' as const) };
    if (problem === null) this.host.events.emit('notice_delivered', about);
    else this.host.events.emit('notice_failed', { ...about, problem });
    await this.mutex.run(id, () => this.records.write(record));
  }

  /** Why it could not be delivered; null where it was. @throws the abort reason once the worker lets go: it is still owed then. */
  private async problemOf(channel: Channel, notice: Notice): Promise<string | null> {
    const signal = this.host.detached;
    try {
      await pRetry(() => sendNotice(channel, notice, this.environment, signal), { ...this.retry, factor: 2, signal, shouldRetry: ({ error }) => error instanceof DeliveryError && error.mayPass });
      return null;
    } catch (error) {
      signal.throwIfAborted();
      return wordsOf(error);
    }
  }

  private prune(): void {
    if (Date.now() - this.prunedAtMs < pruneEveryMs) return;
    this.prunedAtMs = Date.now();
    this.records.removeBefore(Date.now() - keptForMs);
  }
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
