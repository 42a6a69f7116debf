import { wasActive } from '../domain/watchdog.js';
import type { TreeSample } from './process/resources.js';

/** When an attempt last showed life, on the monotonic clock, ms. */
export class ActivityClock {
  private startedAtMs = performance.now();
  private lastEventMs = performance.now();
  private lastActivityMs = performance.now();
  private resultAtMs: number | null = null;
  private last: { atMs: number; sample: TreeSample } | null = null;

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

  eventSeen(): void {
    this.lastEventMs = performance.now();
  }

  resultSeen(): void {
    this.resultAtMs = performance.now();
  }

  looked(sample: TreeSample, nowMs: number): void {
    if (!this.last || wasActive(this.last.sample, sample, nowMs - this.last.atMs)) this.lastActivityMs = nowMs;
    this.last = { atMs: nowMs, sample };
  }

  /** The clock itself stood still (suspend, SIGCONT): all waits start anew. */
  restart(isRunning: boolean): void {
    const nowMs = performance.now();
    this.lastEventMs = nowMs;
    this.lastActivityMs = nowMs;
    this.last = null;
    if (!isRunning) this.startedAtMs = nowMs;
    if (this.resultAtMs !== null) this.resultAtMs = nowMs;
  }
}
