import { appendFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Faults } from './faults.js';
import { Fleet } from './fleet.js';
import { faultKinds, scheduleOf, type FaultKind } from './schedule.js';
import { settle } from './settle.js';
import { itemsDone, wrongInLedger } from './verify-work.js';
import { Watch } from './watch.js';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1e9)) },
    minutes: { type: 'string', default: '1' },
    agents: { type: 'string', default: '20' },
    /** Only these kinds, with commas between. */
    faults: { type: 'string' },
    /** A line of JSON about the run is added to this file. */
    summary: { type: 'string' },
    /** Leave everything where it is, where something was wrong. */
    keep: { type: 'boolean', default: false },
  },
});

/** A third of an item, ms. */
const stepMs = 150;

/** npm run chaos [-- --seed N --minutes M]: a random schedule of real faults over agents that write checkable work. */
async function main(): Promise<boolean> {
  const seed = whole('seed', values.seed);
  const minutes = Number(values.minutes);
  const agents = whole('agents', values.agents);
  const kinds = kindsFrom(values.faults);
  if (!(minutes > 0)) throw new RangeError(`--minutes: ${values.minutes} is no time`);
  const schedule = scheduleOf(seed, minutes * 60_000, agents, kinds);
  const fleet = new Fleet(seed);
  const watch = new Watch(fleet);
  const faults = new Faults(fleet, watch);
  const done: Record<string, number> = {};
  console.log(`seed ${seed}: ${schedule.length} faults in ${minutes} min over ${agents} agents${fleet.hasDisk ? '' : '; no disk of its own can be mounted here, so none is filled'}`);
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
  }
  watch.end();
  for (const worker of fleet.workers) for (const wrong of wrongInLedger(fleet.ledgerOf(worker))) watch.violated(`${worker.name}: ${wrong}`);
  const attempts = fleet.workers.reduce((sum, { folder }) => sum + folder.epochs().length, 0);
  const items = fleet.workers.reduce((sum, worker) => sum + itemsDone(fleet.ledgerOf(worker)), 0);
  const passed = watch.violations.length === 0;
  const summary = { seed, minutes, agents, faults: done, attempts, items, looks: watch.looks, recoveredMs, violations: watch.violations };
  console.log(JSON.stringify(summary));
  if (values.summary !== undefined) appendFileSync(values.summary, `${JSON.stringify(summary)}\n`);
  if (!passed) {
    for (const note of watch.notes) console.log(`  ${note}`);
    console.log(`seed ${seed} FAILED; again: npm run chaos -- --seed ${seed} --minutes ${minutes}${values.faults === undefined ? '' : ` --faults ${values.faults}`}`);
  }
  if (!passed && values.keep) console.log(`kept: ${fleet.root}`);
  else {
    await fleet.down().catch((error: unknown) => console.log(String(error)));
    fleet.remove();
  }
  console.log(passed ? '1 passed, 0 failed' : '0 passed, 1 failed');
  return passed;
}

function whole(option: string, text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`--${option}: ${text} is no whole number`);
  return value;
}

function kindsFrom(text: string | undefined): readonly FaultKind[] {
  if (text === undefined) return faultKinds;
  return text.split(',').map((wanted) => {
    const kind = faultKinds.find((each) => each === wanted);
    if (!kind) throw new RangeError(`--faults: there is no ${wanted}; there are ${faultKinds.join(', ')}`);
    return kind;
  });
}

const passed = await main();
// A client that waits for a server that is gone would keep this process.
process.exit(passed ? 0 : 1);
