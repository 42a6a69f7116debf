import type { Fleet } from './fleet.js';

/** Between two looks, ms. */
const lookEveryMs = 50;

/** Looks at the agents all along, and keeps what must not be. */
export class Watch {
  readonly violations: string[] = [];
  readonly notes: string[] = [];
  looks = 0;
  private readonly stopped = new Set<string>();
  /** Stopped, and seen to be gone: from here on it must not return. */
  private readonly gone = new Set<string>();
  private readonly wasPaused = new Set<string>();
  private readonly told = new Set<string>();
  private timer: NodeJS.Timeout | null = null;
  private readonly startedMs = performance.now();

  constructor(private readonly fleet: Fleet) {}

  start(): void {
    this.timer = setInterval(() => this.look(), lookEveryMs);
  }

  end(): void {
    if (this.timer) clearInterval(this.timer);
    this.look();
  }

  /** A person has asked for it, and it may have been heard. */
  stopping(name: string): void {
    this.stopped.add(name);
  }

  paused(name: string): void {
    this.wasPaused.add(name);
  }

  isStopped(name: string): boolean {
    return this.stopped.has(name);
  }

  /** Its stop is known to have taken effect: nothing of it lives, and none will. */
  settledAsStopped(name: string): void {
    this.gone.add(name);
  }

  note(text: string): void {
    this.notes.push(`${this.now()} ${text}`);
  }

  violated(text: string): void {
    // Each is told once, however often it is seen.
    const key = text.replace(/\d+/g, '');
    if (this.told.has(key)) return;
    this.told.add(key);
    this.violations.push(`${this.now()} ${text}`);
  }

  private look(): void {
    this.looks += 1;
    for (const [name, pids] of this.fleet.living()) {
      if (pids.length > 1) this.violated(`two copies of ${name} live: ${pids.join(', ')}`);
      if (pids.length > 0 && this.gone.has(name)) this.violated(`${name} was stopped and is back: ${pids.join(', ')}`);
    }
  }

  private now(): string {
    return `${((performance.now() - this.startedMs) / 1_000).toFixed(1)}s`;
  }
}
