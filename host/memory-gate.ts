import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { usualMemoryBytes, whyNotYet } from '../domain/memory-gate.js';
import type { SessionFolder } from './session-folder.js';

/** Between two looks at the memory while a session waits for it, ms. */
const lookEveryMs = 1_000;

/** Lets sessions that come back pass one by one, in the order in which they ask, each when there is memory for it. */
export class MemoryGate {
  private readonly promised = new Map<string, number>();
  private turn: Promise<void> = Promise.resolve();
  private waiting = 0;

  /** @param available what the machine can still give, bytes; null where it does not tell. @param alive sessions that live on this host. */
  constructor(
    private readonly available: () => number | null,
    private readonly alive: () => number,
    private readonly everyMs = lookEveryMs,
  ) {}

  /**
   * Lets a session pass where nobody waits and there is room, else resolves when it may start. What it takes counts as
   * promised until `settled`.
   *
   * @param onWait told once, why, where it has to wait for memory. @returns null where it need not wait. @throws the abort reason once `signal` is aborted.
   */
  pass(name: string, expectedBytes: number, signal: AbortSignal, onWait: (reason: string) => void): Promise<void> | null {
    if (this.waiting === 0 && this.lacks(expectedBytes) === null) {
      this.promised.set(name, expectedBytes);
      return null;
    }
    this.waiting += 1;
    const mine = this.turn.then(() => this.untilThereIsRoom(name, expectedBytes, signal, onWait));
    // Whoever comes next waits for the end alone; how it ended is its own caller's.
    this.turn = mine.then(
      () => this.leaveLine(),
      () => this.leaveLine(),
    );
    return mine;
  }

  private leaveLine(): void {
    this.waiting -= 1;
  }

  private lacks(expectedBytes: number): string | null {
    return whyNotYet({ availableBytes: this.available(), expectedBytes, promisedBytes: sum(this.promised), others: this.alive() + this.promised.size });
  }

  private async untilThereIsRoom(name: string, expectedBytes: number, signal: AbortSignal, onWait: (reason: string) => void): Promise<void> {
    for (let waits = false; ; waits = true) {
      signal.throwIfAborted();
      const why = this.lacks(expectedBytes);
      if (why === null) break;
      if (!waits) onWait(why);
      await delay(this.everyMs, undefined, { signal });
    }
    this.promised.set(name, expectedBytes);
  }

  /** It runs, so that the machine's own figures count what it takes; or it does not come back. */
  settled(name: string): void {
    this.promised.delete(name);
  }
}

/** What a session is expected to take, bytes: what its last attempt that was measured took, else what its kind usually takes. */
export function expectedMemory(folder: SessionFolder): number {
  for (const attempt of folder.attempts().toReversed()) {
    const rssBytes = attempt.live()?.resources?.rssBytes;
    if (rssBytes !== undefined && rssBytes > 0) return rssBytes;
  }
  return usualMemoryBytes[folder.spec()?.agent ?? 'command'];
}

/** What the kernel says can be given without swapping, bytes; null where it does not tell. */
export function availableMemory(): number | null {
  try {
    const kilobytes = /^MemAvailable:\s+(\d+) kB$/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1];
    return kilobytes === undefined ? null : Number(kilobytes) * 1_024;
  } catch (error) {
    if (error instanceof Error && 'code' in error) return null;
    throw error;
  }
}

function sum(promised: ReadonlyMap<string, number>): number {
  return [...promised.values()].reduce((total, bytes) => total + bytes, 0);
}
