import { mkdirSync, statSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { agentPid } from '../client/agent-pid.js';
import { connect, type TemporalLink } from '../client/connection.js';
import type { ShimClient } from '../client/shim-client.js';
import { mapBounded } from '../domain/concurrency.js';
import { defaultRetention } from '../domain/retention.js';
import { diskUse } from '../host/checkpoints/disk-use.js';
import { pruneArchive } from '../host/prune/prune-archive.js';
import { pruneSession } from '../host/prune/prune-session.js';
import { listSessionFolders, SessionFolder } from '../host/session-folder.js';
import { readService } from '../workers/embedded/keeper.js';
import { Bed } from './bed.js';
import { growthOf, isBounded, type Measure } from './growth.js';
import { memoryOfServices, openDescriptors } from './process-cost.js';
import { deleteClosed, historyLengths } from './temporal-load.js';

const hoursOfDay = 24;

/**
 * What happens in a day: to each session that lasts, and of short sessions in all, whose names come again. So many crashes that the
 * attempts before the newest 100 go, and histories are begun anew, before the measure begins.
 */
const perDay = { checkpoints: 144, crashes: 320, shortSessions: 240 } as const;
const lasting = Array.from({ length: 6 }, (_, n) => `agent-${n}`);
const shortNames = 8;

/** Sizes are as short as the day is: a log is rotated at this, bytes. */
const logBytes = 100_000;

/** Looks at what may grow, spread over the day. */
const looks = 60;

/** Closed sessions, their folders and their workflows are kept for so much of the day, as many days of them are otherwise. */
const keptHours = 2;

/** The measure begins after this part of the day: caches fill, and what is kept for a while comes to be old. */
const warmUp = 1 / 3;

/** Above 500 events a session continues as new, once the attempt under way has come to its end. */
const historyAim = 600;

/** Says something each second, and changes its tree. */
const agent = 'words=$(printf %01000d 0); n=0; while :; do n=$((n+1)); echo "$n $words"; echo "$n" > work.txt; sleep 1; done';

/** What is looked at: how it is called, and whether it has to be bounded. */
const series = {
  'control worker, MB': true,
  'host worker, MB': true,
  'Temporal, MB': true,
  'open descriptors of the host worker': true,
  'folders of sessions, MB': true,
  "Temporal's database, MB": true,
  'archive, MB': true,
  'logs of the services, MB': true,
  // Every attempt is a row, and kept: what experiments and reports are made of.
  'outcome store, MB': false,
} as const satisfies Record<string, boolean>;
type Series = keyof typeof series;
type Seen = Record<Series, number>;

/**
 * A day of many sessions within some minutes: checkpoints, crashes, short sessions that come and go, and what is kept for days, all
 * sooner by the same factor. Nothing may grow with the time.
 *
 * @returns whether all bounds were kept.
 */
export async function benchLongRun(minutes: number): Promise<boolean> {
  let ok = false;
  await Bed.use({}, async (bed, client) => {
    console.log(`long-run: ${hoursOfDay} h of ${lasting.length} sessions in ${minutes} min; load of the machine ${loadavg()[0]?.toFixed(2)}`);
    const temporal = await connect(bed.home, {});
    try {
      const day = new Day(bed, client, temporal, minutes * 60_000);
      const brokenOff = await day.pass().then(() => null, (error: unknown) => error);
      ok = day.judge();
      if (brokenOff !== null) throw brokenOff;
    } finally {
      await temporal.connection.close();
    }
  });
  return ok;
}

/** A day in its course. Durations in ms, as they really pass. */
class Day {
  private readonly startedMs = performance.now();
  private isOver = false;
  private readonly seen: { atMin: number; values: Seen }[] = [];
  private readonly done = { crashes: 0, shortSessions: 0, longestHistory: 0 };

  constructor(
    private readonly bed: Bed,
    private readonly client: ShimClient,
    private readonly temporal: TemporalLink,
    private readonly durationMs: number,
  ) {}

  async pass(): Promise<void> {
    await mapBounded(lasting, lasting.length, (name) => this.begin(name, agent));
    const courses = [
      this.each(this.durationMs / (perDay.crashes * lasting.length), (round) => this.crash(lasting[round % lasting.length] ?? '')),
      this.each(this.durationMs / perDay.shortSessions, (round) => this.shortSession(`job-${round % shortNames}`)),
      this.each(this.durationMs / hoursOfDay, () => this.keepNoLonger()),
      this.each(this.durationMs / looks, () => this.look()),
    ];
    try {
      await Promise.all(courses);
    } finally {
      // One has failed: the others end before their SHIM does.
      this.isOver = true;
      await Promise.allSettled(courses);
    }
  }

  /** Prints what was seen. @returns whether it was bounded. */
  judge(): boolean {
    const { crashes, shortSessions, longestHistory } = this.done;
    console.log(`long-run: ${crashes} crashes of ${perDay.crashes * lasting.length} planned, ${shortSessions} short sessions of ${perDay.shortSessions}; a machine that is too busy for them shows caches and folders that still fill`);
    const measured = this.seen.filter(({ atMin }) => atMin * 60_000 >= this.durationMs * warmUp);
    const broken: string[] = [];
    for (const [name, isToBeBounded] of Object.entries(series) as [Series, boolean][]) {
      const measure: Measure = measured.map(({ atMin, values }) => ({ atMin, value: values[name] }));
      const growth = growthOf(measure);
      const isBroken = isToBeBounded && !isBounded(growth);
      if (isBroken) broken.push(name);
      const interval = `${growth.lower.toFixed(2)} to ${growth.upper.toFixed(2)}`;
      console.log(`long-run: ${name}: ${growth.level.toFixed(1)}, grown by ${growth.by.toFixed(2)} (${interval})${isToBeBounded ? ' (aim: not by a tenth)' : ''}${isBroken ? ': BROKEN' : ''}`);
    }
    console.log(`long-run: longest history of a session ${longestHistory} events (aim: ${historyAim})`);
    if (longestHistory > historyAim) broken.push('history');
    return broken.length === 0;
  }

  private begin(name: string, script: string): Promise<void> {
    const cwd = join(this.bed.folder, name);
    mkdirSync(cwd, { recursive: true });
    const policy = { healthyAfterMs: 1, intensity: { maxFailures: 100_000 } };
    const parameters = { checkpointIntervalMinutes: this.durationMs / 60_000 / perDay.checkpoints };
    return this.bed.start(this.client, { name, agent: 'command', argv: ['/bin/sh', '-c', script], cwd, policy, parameters, limits: { logBytes } });
  }

  private crash(name: string): Promise<void> {
    const attempt = new SessionFolder(this.bed.home, name).attempts().at(-1);
    // One that does not run yet would be no healthy attempt, and the next would wait.
    const runs = attempt?.live()?.runningAtMs != null && attempt.report() === null;
    const pid = attempt && runs ? agentPid(attempt.path) : null;
    if (pid !== null) {
      process.kill(pid, 'SIGKILL');
      this.done.crashes += 1;
    }
    return Promise.resolve();
  }

  private async shortSession(name: string): Promise<void> {
    await this.begin(name, 'echo done > result.txt; echo done');
    await this.client.waitUntilClosed(name);
    this.done.shortSessions += 1;
  }

  /** What retention does, sooner: Temporal's by itself, that of folders by `shim prune`. */
  private async keepNoLonger(): Promise<void> {
    const keptMs = (this.durationMs / hoursOfDay) * keptHours;
    await deleteClosed(this.temporal, keptMs);
    for (const folder of listSessionFolders(this.bed.home)) await pruneSession(this.bed.home, folder, { retention: defaultRetention, closedForMs: keptMs }, false);
    await pruneArchive(this.bed.home, keptMs, false);
  }

  private async look(): Promise<void> {
    const { home } = this.bed;
    const memory = memoryOfServices(home);
    const megabytes = async (...path: string[]) => (await diskUse(join(home, ...path))) / 1_048_576;
    const values: Seen = {
      'control worker, MB': memory['control-worker'],
      'host worker, MB': memory['host-worker'],
      'Temporal, MB': memory.temporal,
      'open descriptors of the host worker': openDescriptors(readService(home, 'host-worker').pid),
      'folders of sessions, MB': await megabytes('sessions'),
      "Temporal's database, MB": await megabytes('temporal'),
      'archive, MB': await megabytes('archive'),
      'logs of the services, MB': await megabytes('log'),
      'outcome store, MB': bytesOfStore(home) / 1_048_576,
    };
    this.seen.push({ atMin: (performance.now() - this.startedMs) / 60_000, values });
    this.done.longestHistory = Math.max(this.done.longestHistory, ...(await historyLengths(this.temporal, lasting)));
  }

  /** Every so many ms until the day is over; a round that takes longer puts off the next. */
  private async each(everyMs: number, work: (round: number) => Promise<void>): Promise<void> {
    const untilMs = this.startedMs + this.durationMs;
    for (let round = 0, nextMs = performance.now() + everyMs; nextMs < untilMs && !this.isOver; round += 1, nextMs = Math.max(nextMs + everyMs, performance.now())) {
      await delay(nextMs - performance.now());
      await work(round);
    }
  }
}

/** With its log. */
function bytesOfStore(home: string): number {
  return ['', '-wal'].reduce((sum, suffix) => sum + (statSync(join(home, `outcomes.db${suffix}`), { throwIfNoEntry: false })?.size ?? 0), 0);
}
