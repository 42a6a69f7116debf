import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setImmediate as turn } from 'node:timers/promises';
import Sqlite from 'libsql';
import { openStore } from '../analytics/outcomes/open-store.js';
import type { Assignment, Store } from '../analytics/outcomes/store.js';
import { noCheckpointTimes, withCheckpoint } from '../domain/checkpoint-times.js';
import { createAnalysis, foldUnits, type AnalysisState } from '../domain/experiments/analysis.js';
import type { ExperimentPlan } from '../domain/experiments/experiment.js';
import { lookAt } from '../domain/experiments/look.js';
import type { Outcome } from '../domain/outcome.js';
import { parametersSchema } from '../domain/parameters.js';
import { seededRandom } from '../domain/statistics/seeded-random.js';

const sessions = 100_000;
const few = 20;
const repetitions = 15;
const page = 1_000;
const plan: ExperimentPlan = {
  id: 'experiment/danger_zone/1',
  parameter: 'danger_zone',
  hypothesis: 'fewer crashes',
  control: 0.75,
  treatment: 0.6,
  metric: 'crash_rate',
  index: 1,
  alpha: 0.001,
  plannedUnits: 2_000,
  horizonMs: 3_600_000,
  tickMs: 60_000,
  ramp: [1],
  unitsPerStep: 50,
  deadlineMs: 7 * 24 * 3_600_000,
  holdback: 0.1,
  monitorMs: 24 * 3_600_000,
  coolDownMs: 24 * 3_600_000,
  bounds: { crashRate: { max: 0.2 }, checkpointTime: { max: 100 }, resumeSuccessRate: { min: 0.9 }, tokenCost: { maxIncrease: 0.2 } },
  needsApproval: false,
  staleAfterMs: 3_600_000,
};

/** What the looks at an experiment cost, and the two things that a session asks of the store. */
export async function benchStore(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'shim-bench-store-'));
  try {
    await benchOn(join(folder, 'outcomes.db'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function benchOn(path: string): Promise<void> {
  const store = await openStore(path);
  const random = seededRandom(5);
  await fill(path, store, random);
  const nowMs = sessions + plan.horizonMs;
  const delays = monitorEventLoopDelay({ resolution: 1 });
  delays.enable();
  const first = await timed(() => look(store, createAnalysis(plan), nowMs));
  delays.disable();
  console.log(`store: the first look at an experiment of ${sessions} sessions, all of them new: ${first.ms.toFixed(0)} ms; the event loop held for ${(delays.max / 1e6).toFixed(0)} ms at most`);
  let state = first.result;
  const looks: number[] = [];
  for (let round = 1; round <= repetitions; round += 1) {
    for (let at = 0; at < few; at += 1) {
      const sessionId = `late-${round}-${at}`;
      await store.assign(assignmentOf(sessionId, sessions + round));
      await store.record([outcomeOf(sessionId, sessions + round + 1_000, random)]);
    }
    const next = await timed(() => look(store, state, nowMs + round));
    state = next.result;
    looks.push(next.ms);
  }
  if (state.position !== sessions + repetitions * few) throw new Error(`${state.position} units were taken in, and not ${sessions + repetitions * few}`);
  const sums = Array.from({ length: repetitions }, () => plainSums(path));
  console.log(`store: a look at it when ${few} are new: ${median(looks).toFixed(1)} ms  (aim: 50); sums of its ${sessions} units by plain SQL: ${median(sums).toFixed(1)} ms, ratio ${(median(looks) / median(sums)).toFixed(2)}`);
  const plain = plainAssigner(join(path, '..', 'plain.db'));
  const assigns: number[] = [];
  const plains: number[] = [];
  const reads: number[] = [];
  for (let at = 0; at < 300; at += 1) {
    assigns.push((await timed(() => store.assign(assignmentOf(`assign-${at}`, 0)))).ms);
    plains.push((await timed(() => plain(`assign-${at}`))).ms);
    reads.push((await timed(async () => [await store.assignmentsOf(`assign-${at}`), await store.parameters()])).ms);
  }
  console.log(`store: an assignment ${median(assigns).toFixed(2)} ms  (aim: 1), as durable by libsql alone ${median(plains).toFixed(2)} ms, ratio ${(median(assigns) / median(plains)).toFixed(2)}; what a session is to run with, read in ${median(reads).toFixed(2)} ms`);
  await store.close();
}

/** As the activity of an experiment does it: mature, count, take in what is new, and judge. */
async function look(store: Store, before: AnalysisState, nowMs: number): Promise<AnalysisState> {
  await store.mature(plan.id, { horizonMs: plan.horizonMs, nowMs, checkpointLimitMs: 100 });
  const assigned = await store.countAssignments(plan.id);
  let state = before;
  for (;;) {
    const units = await store.unitsAfter(plan.id, state.position, page);
    state = foldUnits(state, units);
    if (units.length < page) break;
    await turn();
  }
  lookAt(plan, state, { atMs: nowMs, assigned, lastOutcomeAtMs: await store.lastOutcomeAtMs() });
  return state;
}

/** Outcomes by the store; assignments straight into their table, since a session is assigned by itself. */
async function fill(path: string, store: Store, random: () => number): Promise<void> {
  const raw = new Sqlite(path);
  const insert = raw.prepare('INSERT INTO assignment (experiment_id, session_id, parameter, arm, value, assigned_at_ms) VALUES (?, ?, ?, ?, ?, ?)');
  raw.transaction(() => {
    for (let at = 0; at < sessions; at += 1) {
      const { sessionId, parameter, arm, value, assignedAtMs } = assignmentOf(`session-${at}`, at);
      insert.run(plan.id, sessionId, parameter, arm, JSON.stringify(value), assignedAtMs);
    }
  })();
  raw.close();
  for (let at = 0; at < sessions; at += 5_000) await store.record(Array.from({ length: 5_000 }, (_, more) => outcomeOf(`session-${at + more}`, at + more + 1_000, random)));
}

function assignmentOf(sessionId: string, assignedAtMs: number): Assignment {
  return { experimentId: plan.id, sessionId, parameter: 'danger_zone', arm: assignedAtMs % 2 === 0 ? 'control' : 'treatment', value: 0.6, assignedAtMs };
}

function outcomeOf(sessionId: string, endedAtMs: number, random: () => number): Outcome {
  const crashed = random() < 0.1;
  return {
    attemptId: `attempt-${sessionId}`,
    sessionId,
    sessionName: sessionId,
    hostId: 'host',
    agent: 'command',
    epoch: 1,
    exitClass: crashed ? 'crashed' : 'completed',
    crashed,
    startedAtMs: 0,
    runningAtMs: 1,
    endedAtMs,
    resumeStrategy: null,
    workLostMs: crashed ? random() * 60_000 : 0,
    messages: 10,
    toolCalls: 5,
    inputTokens: Math.floor(random() * 100_000),
    outputTokens: Math.floor(random() * 10_000),
    costUsd: random(),
    fidelity: null,
    downtimeMs: null,
    checkpoints: withCheckpoint(noCheckpointTimes, random() * 200),
    maxContextUse: random(),
    longestSilenceMs: 100,
    zoneBeforeEnd: null,
    parameters: parametersSchema.parse({}),
  };
}

/** What one arm's sums cost without anything of ours. */
function plainSums(path: string): number {
  const raw = new Sqlite(path);
  const startedMs = performance.now();
  raw.prepare('SELECT arm, count(*), sum(crashed), sum(failed_resume), avg(tokens), avg(lost_time_ms) FROM unit WHERE experiment_id = ? GROUP BY arm').all(plan.id);
  const ms = performance.now() - startedMs;
  raw.close();
  return ms;
}

/** The same durable row without anything of ours. */
function plainAssigner(path: string): (sessionId: string) => Promise<void> {
  const raw = new Sqlite(path);
  raw.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE assignment (session_id TEXT PRIMARY KEY, arm TEXT NOT NULL)');
  const insert = raw.prepare('INSERT INTO assignment VALUES (?, ?)');
  return (sessionId) => Promise.resolve(insert.run(sessionId, 'control')).then(() => undefined);
}

async function timed<T>(work: () => Promise<T>): Promise<{ ms: number; result: T }> {
  const startedMs = performance.now();
  const result = await work();
  return { ms: performance.now() - startedMs, result };
}

function median(samples: readonly number[]): number {
  return samples.toSorted((a, b) => a - b)[Math.floor(samples.length / 2)] ?? Number.NaN;
}
