import { setTimeout as delay } from 'node:timers/promises';
import { installedBuild } from '../../host/build-id.js';
import { Faults } from './faults.js';
import { Fleet } from './fleet.js';
import { scheduleOf, type FaultKind } from './schedule.js';
import { settle } from './settle.js';
import type { RunSummary } from './summary.js';
import { itemsDone, wrongInLedger } from './verify-work.js';
import { Watch } from './watch.js';

/** A third of an item, ms. */
const stepMs = 150;

/** What a run is made from. */
export interface Run {
  seed: number;
  minutes: number;
  agents: number;
  /** Only these kinds of faults. */
  kinds: readonly FaultKind[];
  /** Leave everything where it is, where something was wrong. */
  keep: boolean;
}

/** Lets the schedule of a seed loose on a fleet of its own, prints what came of it, and takes the fleet away. */
export async function runSeed({ seed, minutes, agents, kinds, keep }: Run): Promise<RunSummary> {
  const fleet = new Fleet(seed);
  const takeAway = endedEarly(fleet);
  const watch = new Watch(fleet);
  const faults = new Faults(fleet, watch);
  const schedule = scheduleOf(seed, minutes * 60_000, agents, kinds);
  const lacking = fleet.disk.lacking.filter((kind) => kinds.includes(kind));
  console.log(`seed ${seed}: ${schedule.length} faults in ${minutes} min over ${agents} agents${lacking.length > 0 ? `; this machine lets nobody have ${lacking.join(', ')}: the run goes on without` : ''}`);
  const done: Record<string, number> = {};
  let recoveredMs: number | null = null;
  try {
    await fleet.up(120_000);
    await fleet.start(agents, stepMs);
    watch.start();
    const startedMs = performance.now();
    const underWay: Promise<void>[] = [];
    for (const fault of schedule) {
      await delay(Math.max(0, startedMs + fault.atMs - performance.now()));
      const work = async () => {
        const what = await faults.inflict(fault);
        if (what === null) return;
        done[fault.kind] = (done[fault.kind] ?? 0) + 1;
        watch.note(what);
      };
      underWay.push(work().catch((error: unknown) => watch.note(`${fault.kind} could not be done: ${String(error)}`)));
    }
    await delay(Math.max(0, startedMs + minutes * 60_000 - performance.now()));
    faults.lift();
    await Promise.all(underWay);
    faults.lift();
    ({ recoveredMs } = await settle(fleet, watch));
  } catch (error) {
    watch.violated(`the run came to no end: ${error instanceof Error ? error.stack : String(error)}`);
    faults.lift();
  }
  watch.end();
  for (const worker of fleet.workers) for (const wrong of wrongInLedger(fleet.ledgerOf(worker))) watch.violated(`${worker.name}: ${wrong}`);
  const attempts = fleet.workers.reduce((sum, { folder }) => sum + folder.epochs().length, 0);
  const items = fleet.workers.reduce((sum, worker) => sum + itemsDone(fleet.ledgerOf(worker)), 0);
  const restartsMs = fleet.workers.flatMap(({ folder }) => folder.attempts().flatMap((attempt) => attempt.receipt()?.timing.endToRunningMs ?? []));
  if (watch.violations.length > 0 && keep) console.log(`kept: ${fleet.root}`);
  else {
    await fleet.down().catch((error: unknown) => watch.violated(String(error)));
    for (const left of fleet.remove()) watch.violated(left);
  }
  takeAway.never();
  if (watch.violations.length > 0) for (const note of watch.notes) console.log(`  ${note}`);
  return { build: installedBuild().id, seed, minutes, agents, faults: done, lacking, attempts, items, looks: watch.looks, recoveredMs, restartsMs, violations: watch.violations };
}

/** Whoever ends a run ends all that it began. */
function endedEarly(fleet: Fleet): { never(): void } {
  const end = (signal: NodeJS.Signals) => {
    console.log(`${signal}: the run is given up`);
    fleet.remove();
    process.exit(130);
  };
  process.on('SIGINT', end).on('SIGTERM', end);
  return { never: () => void process.off('SIGINT', end).off('SIGTERM', end) };
}
