import { wasActive } from '../domain/watchdog.js';
import type { TreeSample } from './process/resources.js';

/** When an attempt last showed life, on the monotonic clock, ms. */
export class ActivityClock {
  private startedAtMs = performance.now();
  private lastEventMs = performance.now();
  private lastActivityMs = performance.now();
  private resultAtMs: number | null = null;
  private isRunning = false;
  /** Looks in a row that found the tree exactly as it was; any event begins anew. */
  quietLooks = 0;
  private last: { atMs: number; sample: TreeSample } | null = null;

  /** @param longestMs the longest silence of an adopted attempt so far, ms. */
  constructor(private longestMs = 0) {}

  /** The last look at the tree since the clock last stood still. */
  get sample(): TreeSample | null {
    return this.last?.sample ?? null;
  }

  get hasResult(): boolean {
    return this.resultAtMs !== null;
  }

  /** What the watchdog judges by. */
  get times() {
    const { startedAtMs, lastEventMs, lastActivityMs, resultAtMs } = this;
    return { startedAtMs, lastEventMs, lastActivityMs, resultAtMs };
  }

  /** The longest silence since it began to run: no event, CPU or I/O, ms. */
  get longestSilenceMs(): number {
    const silentMs = this.isRunning && !this.hasResult ? performance.now() - Math.max(this.lastEventMs, this.lastActivityMs) : 0;
    return Math.max(this.longestMs, silentMs);
  }

  /** It runs: from here on a silence is one. */
  running(): void {
    if (this.isRunning) return;
    this.isRunning = true;
    this.lastActivityMs = performance.now();
  }

  eventSeen(): void {
    this.longestMs = this.longestSilenceMs;
    this.lastEventMs = performance.now();
    this.quietLooks = 0;
  }

  resultSeen(): void {
    this.resultAtMs = performance.now();
  }

  looked(sample: TreeSample, nowMs: number): void {
    if (!this.last || wasActive(this.last.sample, sample, nowMs - this.last.atMs)) {
      this.longestMs = this.longestSilenceMs;
      this.lastActivityMs = nowMs;
    }
    const isAsBefore = this.last?.sample.cpuMs === sample.cpuMs && this.last.sample.ioBytes === sample.ioBytes;
    this.quietLooks = isAsBefore ? this.quietLooks + 1 : 0;
    this.last = { atMs: nowMs, sample };
  }

  /** The clock itself stood still (suspend, SIGCONT): all waits start anew. */
  restart(): void {
    const nowMs = performance.now();
    this.lastEventMs = nowMs;
    this.lastActivityMs = nowMs;
    this.last = null;
    this.quietLooks = 0;
    if (!this.isRunning) this.startedAtMs = nowMs;
    if (this.resultAtMs !== null) this.resultAtMs = nowMs;
  }
}
