import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Ledger } from './ledger.js';
import { takeNextTask, type LaterTasks } from './next-task.js';
import { readOptions, type Failure, type Options } from './options.js';
import { Stream } from './stream.js';

/** What a supervised program is told by its environment. */
const { SHIM_CHECKPOINT_DIR: stateFolder = '.', SHIM_RESUME: isResume, SHIM_RESUME_BRIEF: briefPath, SHIM_PROMPT: promptPath, SHIM_EPOCH: epoch = '1' } = process.env;
const progressFile = join(stateFolder, 'progress.json');

/**
 * Does the items one after another, each with one write that must happen exactly once. It never looks at the ledger
 * unless the brief tells it that an item was in flight: what it then finds decides whether to do, to finish or to skip it.
 */
async function main(options: Options): Promise<void> {
  const stream = new Stream(randomUUID());
  const ledger = new Ledger(options.ledger);
  const failing = options.fail !== undefined && Number(epoch) <= options.failAttempts ? options.fail : null;
  if (options.ignoreTerm) process.on('SIGTERM', () => undefined);
  if (options.daemon) spawn('sleep', ['600'], { detached: true, stdio: 'ignore' }).unref();
  const { tasks, isNew } = takeNextTask(promptPath, progress().tasks);
  if (failing === 'kill-before-prompt' && isNew) process.kill(process.pid, 'SIGKILL');
  // It is taken in before the first word is said: from then on SHIM does not give it again.
  if (isNew) ledger.prompt(tasks.taken.at(-1) ?? '');
  if (isNew) saveProgress({ ...progress(), tasks });
  stream.begin();
  if (failing === 'kill-after-prompt' && isNew) process.kill(process.pid, 'SIGKILL');
  if (failing === 'auth') fail(stream, 'Invalid API key · Please run /login');
  const inFlight = itemsInFlight();
  const first = progress().done + 1;
  for (let item = first; item <= options.items + tasks.items; item += 1) {
    const here = item === options.failAt ? failing : null;
    const callId = `call-${epoch}-${item}`;
    stream.callTool(callId, { item }, options.fillContext ? 40_000 * (item - first + 1) : 1_000);
    await delay(options.stepMs);
    await failBefore(here, stream, options);
    const state = inFlight.has(item) ? ledger.stateOf(item) : 'nothing';
    if (state === 'nothing') ledger.begin(item);
    await delay(options.stepMs);
    if (here === 'kill-in') process.kill(process.pid, 'SIGKILL');
    if (state !== 'done') ledger.end(item);
    if (here === 'kill-after') process.kill(process.pid, 'SIGKILL');
    await delay(options.stepMs);
    saveProgress({ done: item, tasks });
    stream.toolDone(callId);
  }
  if (failing === 'no-result') return;
  stream.result();
  if (failing === 'linger') await delay(600_000);
}

async function failBefore(failure: Failure | null, stream: Stream, options: Options): Promise<void> {
  switch (failure) {
    case 'kill-before':
      process.kill(process.pid, 'SIGKILL');
      break;
    case 'abort':
      process.abort();
    case 'exit':
      process.exit(3);
    case 'hang':
      await delay(600_000);
      break;
    case 'limit':
      stream.limit(Math.ceil(Date.now() / 1_000) + options.limitSeconds);
      fail(stream, 'You have hit your usage limit');
    case 'overload':
      fail(stream, 'API Error: 529 overloaded_error');
    case 'context-full':
      fail(stream, 'Prompt is too long');
    case 'out-of-memory':
      process.stderr.write('FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory\n');
      process.abort();
    default:
      break;
  }
}

function fail(stream: Stream, words: string): never {
  stream.failedResult(words);
  process.exit(1);
}

interface Progress {
  done: number;
  tasks: LaterTasks;
}

function progress(): Progress {
  const none: Progress = { done: 0, tasks: { taken: [], items: 0 } };
  return existsSync(progressFile) ? { ...none, ...(JSON.parse(readFileSync(progressFile, 'utf8')) as Partial<Progress>) } : none;
}

/** In one step: a kill in the middle of it must not leave half a number. */
function saveProgress(now: Progress): void {
  mkdirSync(stateFolder, { recursive: true });
  writeFileSync(`${progressFile}.tmp`, JSON.stringify(now));
  renameSync(`${progressFile}.tmp`, progressFile);
}

/** The items that the brief names as in flight, outcome unknown. */
function itemsInFlight(): Set<number> {
  if (isResume !== '1' || briefPath === undefined) return new Set();
  const block = /```json\n(.*)\n```/.exec(readFileSync(briefPath, 'utf8'))?.[1] ?? '{}';
  const { inFlight = [] } = JSON.parse(block) as { inFlight?: { summary: string }[] };
  return new Set(inFlight.map(({ summary }) => (JSON.parse(summary) as { item: number }).item));
}

await main(readOptions(process.argv.slice(2)));
