import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { closedStates } from '../../domain/session.js';
import { mapBounded } from '../../domain/concurrency.js';
import { readService } from '../../workers/embedded/keeper.js';
import type { Fleet, Worker } from './fleet.js';
import { countKinds, leftBelow, openFiles } from './leftovers.js';
import { notReplaying } from './replays.js';
import type { Watch } from './watch.js';

/** Everything must be well again within this, ms: a frozen agent is found after 15 s, and two cores may be busy. */
const recoveryMs = 180_000;
const pollMs = 200;

/** Where those go that do not replay: what is wrong with one is seen in itself alone. */
const histories = join(tmpdir(), 'shim-chaos-histories');

const workers = ['host-worker', 'control-worker'] as const;

/** Connections come and go. */
const handlesMore = 8;

/** After the last fault: what is wanted must work again, what was stopped must be gone, and in the end nothing may be left. */
export async function settle(fleet: Fleet, watch: Watch): Promise<{ recoveredMs: number }> {
  const began = performance.now();
  await retried(() => fleet.up(60_000));
  await mapBounded(fleet.workers, 20, (worker) => recover(fleet, watch, worker, began + recoveryMs));
  const recoveredMs = Math.round(performance.now() - began);
  await mapBounded(fleet.workers, 8, (worker) => stop(fleet, watch, worker));
  await retried(async () => {
    for (const wrong of await notReplaying(fleet.home, histories)) watch.violated(wrong);
  });
  await checkHandles(fleet, watch);
  await fleet.down();
  for (const { pid, what } of leftBelow(fleet.root)) watch.violated(`a process is left: ${pid} ${what}`);
  for (const file of temporaryFiles(fleet)) watch.violated(`a temporary file is left: ${file}`);
  for (const worker of fleet.workers) checkEnds(watch, worker);
  return { recoveredMs };
}

async function recover(fleet: Fleet, watch: Watch, worker: Worker, deadlineMs: number): Promise<void> {
  const { name } = worker;
  const done = () => fleet.ledgerOf(worker).split('end ').length;
  const before = done();
  for (let last = 'never answered'; ; await delay(pollMs)) {
    try {
      const { state, reason } = await fleet.ask((client) => client.status(name));
      last = `${state}: ${reason}`;
      if (watch.isStopped(name)) {
        // The answer of a stop may have been lost before it was heard: then it was none.
        if (state === 'stopped') return watch.settledAsStopped(name);
        await fleet.ask((client) => client.stop(name, { by: 'chaos, again' }));
      } else if (state === 'paused') await fleet.ask((client) => client.resume(name, { by: 'chaos, at its end' }));
      else if (state === 'running' && done() > before + 1) return;
    } catch (error) {
      last = error instanceof Error ? error.message : String(error);
    }
    if (performance.now() > deadlineMs) return watch.violated(`${name} is not at work again: ${last}`);
  }
}

async function stop(fleet: Fleet, watch: Watch, { name }: Worker): Promise<void> {
  try {
    // A busy machine may take longer to answer than a person's command waits.
    await retried(() =>
      fleet.ask(async (client) => {
        await client.stop(name, { by: 'the end of the run' });
        const { state } = await client.waitForState(name, closedStates, 60_000);
        if (state !== 'stopped') watch.violated(`${name} closed as ${state}`);
      }),
    );
    watch.settledAsStopped(name);
  } catch (error) {
    watch.violated(`${name} could not be stopped: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/**
 * A worker whose sessions are closed has no file of theirs open, and of no kind much more than one that has just begun: what
 * it did for each attempt would add up.
 */
async function checkHandles(fleet: Fleet, watch: Watch): Promise<void> {
  const { home } = fleet;
  const open = new Map(workers.map((name) => [name, openFiles(readService(home, name).pid)]));
  for (const [name, files] of open) {
    if (files.length === 0) watch.violated(`the ${name} is not running at the end`);
    const left = files.filter((path) => path.startsWith(join(home, 'sessions')));
    if (left.length > 0) watch.violated(`the ${name} has ${left.length} files of closed sessions open: ${left[0]}`);
  }
  for (const name of workers) {
    const { pid } = readService(home, name);
    if (pid !== null) process.kill(pid, 'SIGKILL');
  }
  await retried(() => fleet.up(60_000));
  for (const name of workers) {
    const anew = countKinds(openFiles(readService(home, name).pid));
    for (const [kind, count] of countKinds(open.get(name) ?? [])) {
      if (count > (anew.get(kind) ?? 0) + handlesMore) watch.violated(`the ${name} had ${count} of ${kind} open at the end, ${anew.get(kind) ?? 0} when it began anew`);
    }
  }
}

/** Every end has a class and a reason. */
function checkEnds(watch: Watch, { name, folder }: Worker): void {
  for (const attempt of folder.attempts()) {
    const report = attempt.report();
    if (!report) watch.violated(`attempt ${attempt.epoch} of ${name} has no end`);
    else if (report.reason.trim() === '') watch.violated(`attempt ${attempt.epoch} of ${name} ended as ${report.exitClass} without a reason`);
  }
}

function temporaryFiles({ home, temporary }: Fleet): string[] {
  // What is in the agent's own folder is the agent's own.
  const ofHome = readdirSync(home, { recursive: true, encoding: 'utf8' }).filter((path) => /(\.tmp|\.json\.\d+|\/tmp_[a-z]+_[^/]*|\/checkpoints\/git\/.*\.lock)$/.test(path) && !path.includes('/checkpoints/agent/'));
  return [...ofHome, ...readdirSync(temporary)];
}

async function retried(work: () => Promise<void>): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      if (tries === 4) throw error;
    }
  }
}
