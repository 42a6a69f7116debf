import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fence, treeOf, watchEnd, type HeldAttempt } from '../host/process/holder.js';
import { ParkedHolder } from '../host/process/parked-holder.js';
import { readProcessTable, ticksSinceBoot } from '../host/process/process-table.js';
import { killTree } from '../host/process/process-tree.js';
import { sampleTree } from '../host/process/resources.js';
import { knownPid } from '../test/support/known-pid.js';

/**
 * What holding a process costs, ms: node dist/bench/holder.js [rounds] [held at once].
 * Times across processes are taken on the machine's monotonic clock, which all of them share.
 */
const [rounds = 60, crowd = 200] = process.argv.slice(2).map(Number);
const child = [process.execPath, '-e', 'require("node:fs").writeSync(1, `${process.hrtime.bigint()}\\n`); setInterval(() => 0, 1e6)'];
const firstStep = ['perl', '-MTime::HiRes=clock_gettime,CLOCK_MONOTONIC', '-e', '$|=1; printf "%.0f\\n", clock_gettime(CLOCK_MONOTONIC)*1e9; sleep 60'];

function newAttempt(): HeldAttempt {
  return { treeId: randomUUID(), path: mkdtempSync(join(tmpdir(), 'shim-bench-')), cgroups: null, sinceTicks: ticksSinceBoot() };
}

const environment = { PATH: process.env['PATH'] ?? '' };

function start(held: HeldAttempt, argv: readonly string[]): void {
  new ParkedHolder({ cgroups: held.cgroups, cwd: held.path, environment }, held).launch({ path: held.path, argv, environment: {}, input: 'null' });
}

function now(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

async function lineOf(held: HeldAttempt): Promise<string> {
  for (;;) {
    const text = readFileSync(join(held.path, 'stdout'), 'utf8');
    if (text.endsWith('\n')) return text.trim();
    await new Promise(setImmediate);
  }
}

function print(what: string, samples: number[]): void {
  const sorted = samples.toSorted((a, b) => a - b);
  const at = (share: number) => (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN).toFixed(2);
  console.log(`${what.padEnd(52)} p50 ${at(0.5).padStart(7)}  p95 ${at(0.95).padStart(7)}  max ${at(1).padStart(7)}`);
}

async function measureLives(argv: readonly string[], label: string): Promise<void> {
  const call: number[] = [];
  const spawned: number[] = [];
  const seen: number[] = [];
  const proved: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const held = newAttempt();
    const startedMs = now();
    start(held, argv);
    call.push(now() - startedMs);
    spawned.push(Number(await lineOf(held)) / 1e6 - startedMs);
    const agent = [...readProcessTable().values()].find(({ ppid }) => ppid === treeOf(held).holder?.pid);
    const ended = new Promise<number>((resolve) => {
      watchEnd(held, () => resolve(now()));
    });
    // The watch has to be there first.
    await new Promise(setImmediate);
    const killedMs = now();
    process.kill(knownPid(agent?.pid), 'SIGKILL');
    seen.push((await ended) - killedMs);
    const endedMs = now();
    await fence(held);
    proved.push(now() - endedMs);
    rmSync(held.path, { recursive: true });
  }
  print(`${label}: park and launch`, call);
  print(`${label}: spawn to first step`, spawned);
  print(`${label}: SIGKILL to the watch's callback`, seen);
  print(`${label}: fence of the dead attempt (proof)`, proved);
}

async function measureCrowd(): Promise<void> {
  const all = Array.from({ length: crowd }, newAttempt);
  try {
    for (const held of all) start(held, ['sh', '-c', 'sleep 600 & echo on; wait']);
    for (const held of all) await lineOf(held);
    const sweeps: number[] = [];
    const samples: number[] = [];
    const proofs: number[] = [];
    for (let round = 0; round < 30; round += 1) {
      const startedMs = now();
      const table = readProcessTable();
      sweeps.push(now() - startedMs);
      for (const held of all) sampleTree(treeOf(held), table);
      samples.push(now() - startedMs);
      const provedMs = now();
      await killTree({ ...treeOf(all[0] as HeldAttempt), holder: null, sessions: [], marker: 'SHIM_TREE=none' });
      proofs.push(now() - provedMs);
    }
    const total = readProcessTable().size;
    print(`sweep of ${total} processes`, sweeps);
    print(`sweep and sample of ${crowd} trees`, samples);
    print(`proof of death among ${total} processes`, proofs);
  } finally {
    await Promise.all(all.map(fence));
    for (const held of all) rmSync(held.path, { recursive: true });
  }
}

await measureLives(firstStep, 'perl');
await measureLives(child, 'node');
await measureCrowd();
