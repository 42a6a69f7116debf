import { join } from 'node:path';
import type { AgentEvent } from '../domain/agent-event.js';
import type { StreamParser } from './agents/agent.js';
import { FileTail } from './output/file-tail.js';
import type { LogStream } from './output/log-line.js';
import type { Redactor } from './output/redaction.js';
import { SessionLog } from './output/session-log.js';
import type { Offsets } from './session-records.js';

/** Kept of what a tool was called with, characters. */
const summaryLength = 500;

/** Read at once at an end, bytes: it takes no longer than a turn of the event loop. */
const littleBytes = 131_072;

/** Kept of stderr to explain an end, characters. */
const stderrTailLength = 8_192;

/** Reads an attempt's output: every line into the session's log, stdout also into events. */
export class AttemptOutput {
  readonly offsets: Offsets;
  stderrTail = '';
  private readonly log: SessionLog;
  private tails: FileTail[] = [];

  /** @param onBatch called after each batch of lines, so that what it led to can be kept together with the offsets. */
  constructor(
    private readonly source: { folder: string; logPath: string; epoch: number; logBytes: number; parser: StreamParser; redact: Redactor; offsets: Offsets },
    private readonly onEvents: (events: AgentEvent[]) => void,
    private readonly onBatch: () => void,
    private readonly onTrouble: (error: unknown) => void,
  ) {
    this.offsets = { ...source.offsets };
    this.log = new SessionLog(source.logPath, source.epoch, source.redact, source.logBytes);
  }

  open(): void {
    if (this.tails.length > 0) return;
    const { folder, parser, redact } = this.source;
    const stdout = new FileTail(join(folder, 'stdout'), this.offsets.stdout, (lines, offset) => {
      this.write('out', lines);
      const events = lines.flatMap((line) => parser(line)).map((event) => withoutSecrets(event, redact));
      if (events.length > 0) this.onEvents(events);
      this.consumed('stdout', offset);
    });
    const stderr = new FileTail(join(folder, 'stderr'), this.offsets.stderr, (lines, offset) => {
      this.write('err', lines);
      this.stderrTail = redact(`${this.stderrTail}${lines.map((line) => `${line}\n`).join('')}`).slice(-stderrTailLength);
      if (lines.length > 0) this.onEvents([{ kind: 'output' }]);
      this.consumed('stderr', offset);
    });
    this.tails = [stdout, stderr];
  }

  /** Whether so little is left that reading it holds nobody up. */
  get isNearlyRead(): boolean {
    return this.tails.reduce((sum, tail) => sum + tail.unread, 0) <= littleBytes;
  }

  /** Reads what is left, once nobody writes any more. */
  drain(): void {
    for (const tail of this.tails) tail.drain();
  }

  /** As `drain`, but in turns of the event loop, however much is left. */
  async drainInTurns(): Promise<void> {
    await Promise.all(this.tails.map((tail) => tail.drainInTurns()));
  }

  /** A line of SHIM's own in the session's log. */
  note(lines: readonly string[]): void {
    this.write('shim', lines);
  }

  close(): void {
    for (const tail of this.tails) tail.close();
  }

  /** A log that cannot be written (the disk is full) must not keep the events from being seen. */
  private write(stream: LogStream, lines: readonly string[]): void {
    try {
      this.log.write(stream, lines);
    } catch (error) {
      this.onTrouble(error);
    }
  }

  private consumed(stream: keyof Offsets, offset: number): void {
    if (offset === this.offsets[stream]) return;
    this.offsets[stream] = offset;
    this.onBatch();
  }
}

/** What a tool was called with and what an API complains of may hold a key. */
function withoutSecrets(event: AgentEvent, redact: Redactor): AgentEvent {
  if (event.kind === 'tool_started') return { ...event, summary: redact(event.summary).slice(0, summaryLength) };
  if (event.kind === 'result' && event.failure) return { ...event, failure: { ...event.failure, message: redact(event.failure.message) } };
  return event;
}
