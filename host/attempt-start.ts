import { mkdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { HostError, hostErrorCodes, type StartAgentInput } from '../domain/host-requests.js';
import type { Launch, LaunchContext } from './agents/agent.js';
import type { AttemptFolder } from './attempt-folder.js';
import { spendingAtStart, type SpendingRecord } from './budget/at-start.js';
import { begunAnew } from './budget/session-spend.js';
import { promptRecord } from './follow-up.js';
import type { HostContext } from './host-context.js';
import type { Preparation } from './preparation.js';
import { claimAgainst } from './process/holder.js';
import { ParkedHolder } from './process/parked-holder.js';
import { refuseWhileHeld } from './rest-lock.js';
import { planResume, type PreviousAttempt, type ResumePlan } from './resume-plan.js';
import type { SessionFolder } from './session-folder.js';
import type { AttemptRecord } from './session-records.js';
import type { SessionRuntime } from './session-runtime.js';

export interface BegunAttempt {
  record: AttemptRecord;
  /** Of the holder. */
  pid: number;
  /** Null for a fresh start. */
  plan: ResumePlan | null;
}

/**
 * Begins an attempt: chooses the way back, writes down what it is begun with, lets its holder go.
 *
 * @param previous the attempt before, proved dead; null where there is none.
 * @throws HostError Misconfigured, HeldAtRest; then nothing was begun, and nothing of it is left. Error, to be asked for again, where the holder of
 * an earlier request for it has claimed it meanwhile.
 */
export async function beginAttempt(
  host: HostContext,
  runtime: SessionRuntime,
  input: StartAgentInput,
  attempt: AttemptFolder,
  previous: PreviousAttempt | null,
  preparation: Preparation | null,
): Promise<BegunAttempt> {
  const spending = spendingAtStart(host, runtime.folder, input, previous);
  // The request came before, and nothing has come of it yet: it still may.
  const unclaimed = attempt.record();
  let holder: ParkedHolder | null = null;
  try {
    mkdirSync(attempt.path, { recursive: true, mode: 0o700 });
    mkdirSync(join(runtime.folder.checkpointsPath, 'agent'), { recursive: true, mode: 0o700 });
    refuseWhileHeld(runtime.folder);
    const plan = previous && (await planResume(runtime, { ...input, ...spendable(spending) }, attempt, previous));
    await ensureWorkTree(runtime, plan);
    const launch = plan?.launch ?? runtime.agent.launchFirst({ ...runtime.launchContext(attempt), ...spendable(spending) });
    holder = (unclaimed ? null : preparation?.takeHolder()) ?? new ParkedHolder(runtime.parkingPlace(), unclaimed);
    const pid = await holder.pid;
    const prompt = promptRecord(runtime, input, plan, launch.conversationId);
    const record = { ...recordOf(host, input, launch, holder), ...(prompt ? { prompt } : {}), spending: { ...spending, begunWith: launch.strategy === 'native' || launch.strategy === 'compact' ? spending.begunWith : begunAnew } };
    attempt.create(record);
    holder.launch({ path: attempt.path, argv: launch.argv, environment: { ...launch.environment, SHIM_ATTEMPT: input.attemptId }, input: 'null' });
    return { record, pid, plan };
  } catch (error) {
    holder?.dismiss();
    // Without its records, what has begun by the earlier request would run unseen, and the next one begin another.
    if (unclaimed && !claimAgainst(runtime.held(attempt, unclaimed))) throw new Error(`attempt ${input.epoch} of ${input.name} has begun meanwhile`, { cause: error });
    rmSync(attempt.path, { recursive: true, force: true });
    throw error;
  }
}

/** What is left of a budget of dollars, for an agent that keeps one itself. */
function spendable({ budget, before, begunWith }: SpendingRecord): Pick<LaunchContext, 'spendableUsd'> {
  if (budget.usd === undefined) return {};
  const left = budget.usd - before.usd;
  return { spendableUsd: { anew: left, resumed: left + begunWith.usd } };
}

/** Attempts that are looked back at. */
const mostUntold = 8;

/** The latest attempt that has ended, with those before it whose open operations its agent may not have come to look at. */
export function previousOf(folder: SessionFolder): PreviousAttempt | null {
  const ended: PreviousAttempt[] = [];
  for (const epoch of folder.epochs().toReversed()) {
    const attempt = folder.attempt(epoch);
    const report = attempt.report();
    if (!report) continue;
    const later = ended.at(-1);
    if (later && sawTo(later, Math.max(1, report.pending.length))) break;
    ended.push({ folder: attempt, report, live: attempt.live(), untold: [] });
    if (ended.length > mostUntold) break;
  }
  const [latest, ...untold] = ended;
  return latest ? { ...latest, untold: untold.map(({ report }) => report).toReversed() } : null;
}

/** Whether it has ended so many operations: who was told of some and was killed before is told again. One that only shortened its conversation was told of none. */
function sawTo({ folder, report }: PreviousAttempt, operations: number): boolean {
  const ended = report.toolCalls - report.pending.length;
  return ended >= operations && folder.record()?.strategy !== 'compact';
}

/** The user's tree is left as it is; where there is none any more, the checkpoint's is written. */
async function ensureWorkTree({ spec, checkpoints }: SessionRuntime, plan: ResumePlan | null): Promise<void> {
  if (statSync(spec.cwd, { throwIfNoEntry: false })?.isDirectory()) return;
  if (!plan?.checkpoint) throw new HostError(hostErrorCodes.misconfigured, `the working folder ${spec.cwd} is not there; make it, then: shim reset ${spec.name}`);
  await checkpoints.shadow.restoreInto(plan.checkpoint.tree.root, spec.cwd);
  plan.lost.push(`the working folder was gone: its files are those of ${plan.checkpoint.id}`);
}

function recordOf(host: HostContext, input: StartAgentInput, launch: Launch, { treeId, sinceTicks }: ParkedHolder): AttemptRecord {
  return {
    sessionId: input.sessionId,
    attemptId: input.attemptId,
    epoch: input.epoch,
    hostId: host.hostId,
    bootId: host.bootId,
    treeId,
    sinceTicks,
    startedAtMs: Date.now(),
    parameters: input.parameters,
    strategy: launch.strategy,
    conversationId: launch.conversationId,
    messagesAtStart: launch.messages?.after ?? 0,
    argv: input.spec.argv,
    probeOf: input.probeOf,
    ...(input.beside ? { beside: [...input.beside] } : {}),
  };
}
