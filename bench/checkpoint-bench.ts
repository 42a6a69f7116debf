import { execFileSync } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { CheckpointManager, type CheckpointContext } from '../host/checkpoints/checkpoint-manager.js';
import { CheckpointRepository } from '../host/checkpoints/checkpoint-repository.js';
import { ShadowRepository } from '../host/checkpoints/shadow-repository.js';
import { emptySignals } from '../domain/signals.js';

/**
 * What checkpoints cost, ms: node dist/bench/checkpoint-bench.js [rounds]. A tree of 3,000 files in 210 folders and a
 * transcript of 20 MB; the changed files lie in as many folders, so that each costs new trees up to the root.
 */
// Also imported by run.ts, whose arguments are names of benchmarks.
const rounds = Number.parseInt(process.argv[2] ?? '', 10) || 100;
const files = 3_000;
const changes = 20;
const transcriptBytes = 20_000_000;

const folder = mkdtempSync(join(tmpdir(), 'shim-bench-'));
const tree = join(folder, 'tree');
const transcriptPath = join(folder, 'transcript.jsonl');
const pathOf = (at: number) => join(tree, `package-${at % 30}`, `module-${at % 7}`, `file-${at}.ts`);

function writeSource(at: number): void {
  mkdirSync(dirname(pathOf(at)), { recursive: true });
  writeFileSync(pathOf(at), `${randomBytes(64).toString('hex')}\n`.repeat(32).slice(0, 4_096));
}

function line(): string {
  return `${JSON.stringify({ type: 'assistant', uuid: randomUUID(), message: { role: 'assistant', content: [{ type: 'text', text: randomBytes(450).toString('base64') }] } })}\n`;
}

function print(what: string, samples: number[], budget?: string): void {
  const sorted = samples.toSorted((a, b) => a - b);
  const at = (share: number) => (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN).toFixed(1);
  console.log(`${what.padEnd(58)} p50 ${at(0.5).padStart(6)}  p95 ${at(0.95).padStart(6)}  p99 ${at(0.99).padStart(6)}  max ${at(1).padStart(6)}${budget === undefined ? '' : `  (${budget})`}`);
}

function median(samples: number[]): number {
  return samples.toSorted((a, b) => a - b)[Math.floor(samples.length / 2)] ?? Number.NaN;
}

async function timed(work: () => Promise<unknown>): Promise<{ ms: number; longestBlockMs: number }> {
  // Let the last work's timers and garbage come to rest, so that a block is this work's own.
  await delay(20);
  const delays = monitorEventLoopDelay({ resolution: 1 });
  delays.enable();
  await delay(5);
  delays.reset();
  const startedMs = performance.now();
  await work();
  const ms = performance.now() - startedMs;
  await delay(2);
  delays.disable();
  return { ms, longestBlockMs: delays.max / 1e6 };
}

async function repeat(work: () => Promise<unknown>): Promise<number[]> {
  const ms: number[] = [];
  for (let round = 0; round < rounds; round += 1) ms.push((await timed(work)).ms);
  return ms;
}

/** The same tree in a plain repository, synced as well, by the two commands anybody would use: what the ratios are to. */
function plainGit(): void {
  const gitDir = join(folder, 'plain');
  const options = { cwd: tree, env: { PATH: process.env['PATH'], GIT_DIR: gitDir, GIT_WORK_TREE: tree, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' } };
  const synced = ['-c', 'core.fsync=objects', '-c', 'core.fsyncMethod=batch'];
  execFileSync('git', [...synced, 'add', '-A'], options);
  execFileSync('git', [...synced, 'write-tree'], options);
}

function change(round: number): void {
  for (let at = 0; at < changes; at += 1) writeSource((round * 131 + at * 149) % files);
  appendFileSync(transcriptPath, Array.from({ length: 10 }, line).join(''));
}

async function measure(): Promise<void> {
  for (let at = 0; at < files; at += 1) writeSource(at);
  while ((statSync(transcriptPath, { throwIfNoEntry: false })?.size ?? 0) < transcriptBytes) appendFileSync(transcriptPath, Array.from({ length: 500 }, line).join(''));
  const manager = new CheckpointManager(join(folder, 'checkpoints'), tree, 10);
  manager.on('checkpoint_failed', (error) => {
    throw error;
  });
  const context: CheckpointContext = {
    sessionId: randomUUID(),
    sessionName: 'bench',
    epoch: 1,
    attemptId: randomUUID(),
    signals: emptySignals(Date.now()),
    transcriptPath,
    isMessage: (entry) => entry['type'] === 'assistant',
    launch: { agent: 'command', argv: ['bench'], cwd: tree, environmentNames: [], conversationId: null, agentVersion: null },
  };
  const create = () => manager.create('milestone', context);

  execFileSync('git', ['init', '-q', '--bare', join(folder, 'plain')]);
  const first = await timed(create);
  const plainFirst = await timed(async () => plainGit());
  const warm: number[] = [];
  const blocks: number[] = [];
  const plain: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    change(round);
    // Who comes first finds the changed files cold: they take turns. Nothing waits for a pruning: checkpoints come minutes apart.
    if (round % 2 === 1) plain.push((await timed(async () => plainGit())).ms);
    await manager.prune();
    const sample = await timed(create);
    warm.push(sample.ms);
    blocks.push(sample.longestBlockMs);
    if (round % 2 === 0) plain.push((await timed(async () => plainGit())).ms);
  }
  await manager.prune();
  const unchanged = await repeat(create);
  const repository = new CheckpointRepository(join(folder, 'checkpoints'), new ShadowRepository(join(folder, 'checkpoints', 'git'), tree));
  const valid = await repeat(() => repository.latestValid());
  const longLineBlock = await blockOfLongLine(create);

  print('first checkpoint', [first.ms]);
  print(`warm checkpoint, ${changes} files changed, 10 lines added`, warm, 'aim: p50 60, p99 100');
  print('nothing changed', unchanged);
  print('latestValid: what a restart waits for', valid, 'aim: 3');
  print('longest block of the event loop: first checkpoint', [first.longestBlockMs], 'aim: 20');
  print('longest block of the event loop: warm', blocks, 'aim: 20');
  print('longest block of the event loop: a line of 20 MB', [longLineBlock], 'aim: 20');
  print('plain git add -A and write-tree, first', [plainFirst.ms]);
  print('plain git add -A and write-tree, the same changes', plain);
  const ratio = (name: string, ms: number, to: number) => console.log(`ratio to plain git: ${name.padEnd(38)} ${(ms / to).toFixed(2)}`);
  ratio('first checkpoint', first.ms, plainFirst.ms);
  ratio('warm checkpoint, p50', median(warm), median(plain));
  ratio('nothing changed, p50', median(unchanged), median(plain));
  ratio('latestValid, p50', median(valid), median(plain));
}

async function blockOfLongLine(create: () => Promise<unknown>): Promise<number> {
  appendFileSync(transcriptPath, `${JSON.stringify({ type: 'assistant', text: 'x'.repeat(20_000_000) })}\n`);
  return (await timed(create)).longestBlockMs;
}

try {
  await measure();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
