import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { nothingSpent, since, spendSchema, sumOf, type Spend } from '../../domain/budget.js';
import { readRecord } from '../record-file.js';
import { replaceFile } from '../replace-file.js';

const daySchema = z.object({ sessions: z.record(z.string(), z.object({ from: spendSchema, to: spendSchema })) });

/** What sessions had spent in all when a day began for them, and by now; by session id. */
type Day = z.infer<typeof daySchema>;

/** Files of days before are of use only to a session that runs over midnight. */
const daysKept = 40;

/** What is not on disk is counted again from the sessions; time alone, which all of them spend, is written less often, ms. */
const writtenEveryMs = 2_000;
const timeWrittenEveryMs = 60_000;

/** The name of a day by the host's own clock: `2026-11-25`. */
export function dayOf(atMs: number): string {
  const date = new Date(atMs);
  const two = (n: number) => String(n).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** What all sessions of a host spent on a day. A session's spend only grows, so that to count it again changes nothing. */
export class DayLedger {
  private name = '';
  private day: Day = { sessions: {} };
  private writtenMs = Number.NEGATIVE_INFINITY;
  /** What is not on disk: nothing, time alone, or more. */
  private unwritten: 'nothing' | 'time' | 'more' = 'nothing';

  constructor(private readonly home: string) {}

  /** @param before what the session had spent before its present attempt. @param total what it has spent by now. */
  count(sessionId: string, before: Spend, total: Spend, nowMs: number): void {
    this.turnTo(nowMs);
    const known = this.day.sessions[sessionId];
    if (known && known.to.tokens === total.tokens && known.to.usd === total.usd && known.to.hours === total.hours) return;
    this.day.sessions[sessionId] = { from: known?.from ?? before, to: total };
    const isTime = known?.to.tokens === total.tokens && known.to.usd === total.usd;
    if (!isTime) this.unwritten = 'more';
    else if (this.unwritten === 'nothing') this.unwritten = 'time';
  }

  /** Of today. */
  total(nowMs: number): Spend {
    this.turnTo(nowMs);
    return Object.values(this.day.sessions).reduce((sum, { from, to }) => sumOf(sum, since(from, to)), nothingSpent);
  }

  /** Writes what is new, where it is time for that. */
  writeIfDue(): void {
    if (performance.now() - this.writtenMs >= (this.unwritten === 'time' ? timeWrittenEveryMs : writtenEveryMs)) this.write();
  }

  write(): void {
    if (this.unwritten === 'nothing') return;
    this.unwritten = 'nothing';
    this.writtenMs = performance.now();
    this.makeFolder();
    const path = this.pathOf(this.name);
    // By the same name for every worker: what one that was killed has left is written over.
    replaceFile(path, `${path}.tmp`, JSON.stringify(this.day));
  }

  /** Not those above it: where $SHIM_HOME is gone there is no account to keep. */
  private makeFolder(): void {
    try {
      mkdirSync(this.folder, { mode: 0o700 });
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    }
  }

  private get folder(): string {
    return join(this.home, 'spend');
  }

  private pathOf(name: string): string {
    return join(this.folder, `${name}.json`);
  }

  private turnTo(nowMs: number): void {
    const name = dayOf(nowMs);
    if (name === this.name) return;
    this.write();
    const earlier = this.name === '' ? this.lastBefore(name) : this.day;
    const known = this.read(name);
    this.name = name;
    // Whoever runs over midnight begins the day with what it had spent then.
    this.day = known ?? { sessions: Object.fromEntries(Object.entries(earlier.sessions).map(([id, { to }]) => [id, { from: to, to }])) };
    this.prune();
  }

  private lastBefore(name: string): Day {
    const last = this.names().findLast((other) => other < name);
    return (last === undefined ? null : this.read(last)) ?? { sessions: {} };
  }

  private names(): string[] {
    try {
      return readdirSync(this.folder)
        .filter((file) => /^\d{4}-\d\d-\d\d\.json$/.test(file))
        .map((file) => file.slice(0, -5))
        .sort();
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
      throw error;
    }
  }

  private prune(): void {
    for (const name of this.names().slice(0, -daysKept)) rmSync(this.pathOf(name), { force: true });
  }

  private read(name: string): Day | null {
    return readRecord(this.pathOf(name), daySchema);
  }
}

/** What a host has spent today, as it is on disk; for who only looks. */
export function spentToday(home: string, nowMs: number): Spend {
  return new DayLedger(home).total(nowMs);
}
