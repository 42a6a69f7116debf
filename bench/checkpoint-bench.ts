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

/** What checkpoints cost, ms: node dist/bench/checkpoint-bench.js [rounds]. A tree of 3,000 files and a transcript of 20 MB. */
const [rounds = 100] = process.argv.slice(2).map(Number);
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

async function repeat(times: number, work: () => Promise<unknown>, before: (round: number) => void = () => undefined): Promise<{ ms: number[]; blocks: number[] }> {
  const ms: number[] = [];
  const blocks: number[] = [];
  for (let round = 0; round < times; round += 1) {
    before(round);
    const sample = await timed(work);
    ms.push(sample.ms);
    blocks.push(sample.longestBlockMs);
  }
  return { ms, blocks };
}

/** The same tree in a plain repository, by the two commands anybody would use: what the ratios are to. */
function plainGit(gitDir: string): void {
  const options = { cwd: tree, env: { PATH: process.env['PATH'], GIT_DIR: gitDir, GIT_WORK_TREE: tree, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' } };
  execFileSync('git', ['add', '-A'], options);
  execFileSync('git', ['write-tree'], options);
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

  const first = await timed(create);
  print('first checkpoint', [first.ms]);
  const warm = await repeat(rounds, create, change);
  print(`warm checkpoint, ${changes} files changed, 10 lines added`, warm.ms, 'aim: p50 60, p99 100');
  const unchanged = await repeat(rounds, create);
  print('nothing changed', unchanged.ms);
  const repository = new CheckpointRepository(join(folder, 'checkpoints'), new ShadowRepository(join(folder, 'checkpoints', 'git'), tree));
  const valid = await repeat(rounds, () => repository.latestValid());
  print('latestValid: what a restart waits for', valid.ms, 'aim: 3');

  const blocks = await blockOfLongLine(create);
  print('longest block of the event loop: first checkpoint', [first.longestBlockMs], 'aim: 20');
  print('longest block of the event loop: warm', warm.blocks, 'aim: 20');
  print('longest block of the event loop: a line of 20 MB', [blocks], 'aim: 20');

  const plainDir = join(folder, 'plain');
  execFileSync('git', ['init', '-q', '--bare', plainDir]);
  plainGit(plainDir);
  const plain = await repeat(Math.min(rounds, 30), async () => plainGit(plainDir), change);
  print('git add -A; git write-tree: the tree alone, not synced', plain.ms);
  const ratio = (name: string, samples: number[]) => console.log(`ratio to plain git, p50: ${name} ${(median(samples) / median(plain.ms)).toFixed(2)}`);
  ratio('warm checkpoint', warm.ms);
  ratio('nothing changed', unchanged.ms);
  ratio('latestValid', valid.ms);
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
