import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, statSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { agentPid } from '../client/agent-pid.js';
import type { ShimClient } from '../client/shim-client.js';
import { mapBounded } from '../domain/concurrency.js';
import { SessionFolder } from '../host/session-folder.js';
import { readService, serviceNames } from '../workers/embedded/keeper.js';
import { Bed, describeSamples, quantile } from './bed.js';
import { cpuBetween, cpuOfServices, memoryOfServices, openDescriptors, proportionalBytes, total, type CpuSeconds } from './process-cost.js';
import { historyEvents, requestsOf } from './temporal-load.js';

/** After its start a session comes to rest: it is looked at ever more rarely, and written down no more, ms. */
const settlingMs = 180_000;

/** Sessions that are asked for at the same time. */
const startsAtOnce = 64;
const killed = 100;
const statusRuns = 5;

/** How long all may take to be up, or back, ms. */
const patienceMs = 600_000;

/**
 * So many sessions of a program that sleeps: how long until all are up, what they cost at rest, what a death of a hundred at once
 * and a look at all of them take.
 *
 * @param restSeconds how long the rest is looked at.
 */
export async function benchScale(count: number, restSeconds: number): Promise<void> {
  await Bed.use({}, async (bed, client) => {
    console.log(`scale: ${count} sessions; load of the machine ${loadavg()[0]?.toFixed(2)}`);
    const memoryBefore = memoryOfServices(bed.home);
    const names = Array.from({ length: count }, (_, n) => `agent-${String(n).padStart(4, '0')}`);
    await startAll(bed, client, names);
    await rest(bed, names, restSeconds);
    weigh(bed, names, memoryBefore);
    await killSome(bed, names.filter((_, at) => at % Math.max(1, Math.floor(count / killed)) === 0).slice(0, killed));
    await look(bed);
    const before = cpuOfServices(bed.home);
    const startedMs = performance.now();
    await bed.stopAll(client);
    tell(`all stopped`, performance.now() - startedMs, null);
    costs('a stop', cpuBetween(before, cpuOfServices(bed.home)), count);
  });
}

async function startAll(bed: Bed, client: ShimClient, names: readonly string[]): Promise<void> {
  for (const name of names) mkdirSync(join(bed.folder, name));
  const before = cpuOfServices(bed.home);
  const startedAtMs = Date.now();
  await mapBounded(names, startsAtOnce, (name) => bed.start(client, { name, agent: 'command', argv: ['/bin/sleep', '3600'], cwd: join(bed.folder, name), policy: { healthyAfterMs: 1 } }));
  const askedAtMs = Date.now();
  const upAtMs: number[] = [];
  for (const name of names) upAtMs.push(await runningSince(bed, name, 1));
  tell(`all asked for`, askedAtMs - startedAtMs, null);
  tell(`all up`, Math.max(...upAtMs) - startedAtMs, 30_000);
  costs('a start', cpuBetween(before, cpuOfServices(bed.home)), names.length);
}

async function rest(bed: Bed, names: readonly string[], seconds: number): Promise<void> {
  await untilQuiet(bed);
  await delay(settlingMs);
  // What is asked here costs the services something themselves: it is not part of what is measured.
  const [events, requests] = [await historyEvents(bed.home, names), await requestsOf(bed.home)];
  await untilQuiet(bed);
  const before = cpuOfServices(bed.home);
  const startedMs = performance.now();
  await delay(seconds * 1_000);
  const lastedMs = performance.now() - startedMs;
  const cpu = cpuBetween(before, cpuOfServices(bed.home));
  const share = (part: number) => `${((part / lastedMs) * 100_000).toFixed(2)} %`;
  const parts = serviceNames.map((name) => `${name} ${share(cpu[name])}`).join(', ');
  console.log(`scale: at rest for ${seconds} s: ${share(total(cpu))} of one core (aim: 4 %): ${parts}`);
  const asked = Object.entries(await requestsOf(bed.home)).map(([what, times]) => [what, times - (requests[what] ?? 0)] as const).filter(([, times]) => times > 0);
  console.log(`scale: at rest: ${(await historyEvents(bed.home, names)) - events} events in the sessions' histories (aim: 0); calls of the workers: ${asked.map(([what, times]) => `${what} ${times}`).join(', ') || 'none'}`);
}

function weigh(bed: Bed, names: readonly string[], before: ReturnType<typeof memoryOfServices>): void {
  const after = memoryOfServices(bed.home);
  const perSession = (mb: number) => mb / names.length;
  const grown = serviceNames.map((name) => perSession(after[name] - before[name]));
  const holders = perSession(names.reduce((sum, name) => sum + proportionalBytes(holderPid(bed, name)), 0) / 1_048_576);
  const parts = serviceNames.map((name, at) => `${name} ${grown[at]?.toFixed(2)} (${after[name].toFixed(0)} in all)`).join(', ');
  console.log(`scale: memory of a session: ${(holders + grown.reduce((sum, mb) => sum + mb, 0)).toFixed(2)} MB (aim: 3): holder ${holders.toFixed(2)}, ${parts}`);
  console.log(`scale: open descriptors of the host worker: ${openDescriptors(readService(bed.home, 'host-worker').pid)}`);
}

/** SIGKILL of many agents, to the claims of their successors: a holder's last act before its command. */
async function killSome(bed: Bed, names: readonly string[]): Promise<void> {
  const pids = names.map((name) => agentPid(new SessionFolder(bed.home, name).attempt(1).path));
  const before = cpuOfServices(bed.home);
  const killedAtMs = Date.now();
  for (const pid of pids) if (pid !== null) process.kill(pid, 'SIGKILL');
  for (const name of names) await runningSince(bed, name, 2);
  const samples = names.map((name) => statSync(join(new SessionFolder(bed.home, name).attempt(2).path, 'go')).mtimeMs - killedAtMs);
  console.log(`scale: ${names.length} killed at once are back after ${describeSamples(samples)} ms (aim: p99 2000)`);
  costs('a restart', cpuBetween(before, cpuOfServices(bed.home)), names.length);
}

async function look(bed: Bed): Promise<void> {
  const samples: number[] = [];
  for (let run = 0; run < statusRuns; run += 1) {
    const startedMs = performance.now();
    execFileSync(process.execPath, [join(import.meta.dirname, '..', '..', 'client', 'shim.mjs'), 'status'], { env: { ...process.env, SHIM_HOME: bed.home }, maxBuffer: 64 * 1_048_576 });
    samples.push(performance.now() - startedMs);
    await delay(200);
  }
  console.log(`scale: shim status: ${describeSamples(samples)} ms, median ${quantile(samples, 0.5).toFixed(0)} (aim: 500)`);
}

/** @returns when the attempt was seen to run, Unix ms. */
async function runningSince(bed: Bed, name: string, epoch: number): Promise<number> {
  const attempt = new SessionFolder(bed.home, name).attempt(epoch);
  for (const until = performance.now() + patienceMs; performance.now() < until; await delay(100)) {
    const at = attempt.live()?.runningAtMs;
    if (at !== null && at !== undefined) return at;
  }
  throw new Error(`attempt ${epoch} of ${name} does not run`);
}

/** Until the services have nothing left to do of what came before. */
async function untilQuiet(bed: Bed): Promise<void> {
  for (let before = total(cpuOfServices(bed.home)), round = 0; round < 30; round += 1) {
    await delay(2_000);
    const now = total(cpuOfServices(bed.home));
    if (round > 1 && now - before < 0.1) return;
    before = now;
  }
}

function holderPid(bed: Bed, name: string): number | null {
  return Number(readFileSync(join(new SessionFolder(bed.home, name).attempt(1).path, 'holder.pid'), 'utf8').split('\n')[0]);
}

function tell(what: string, ms: number, aimMs: number | null): void {
  console.log(`scale: ${what} ${(ms / 1_000).toFixed(2)} s${aimMs === null ? '' : ` (aim: ${aimMs / 1_000} s)`}`);
}

function costs(what: string, cpu: CpuSeconds, count: number): void {
  const parts = serviceNames.map((name) => `${name} ${((cpu[name] / count) * 1_000).toFixed(1)}`).join(', ');
  console.log(`scale: ${what} costs ${((total(cpu) / count) * 1_000).toFixed(1)} ms of processor time: ${parts}`);
}
