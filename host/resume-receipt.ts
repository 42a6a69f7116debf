import { setTimeout as delay } from 'node:timers/promises';
import type { ResumeReceipt, ProofOfDeath } from '../domain/receipt.js';
import type { AttemptRunner } from './attempt-runner.js';
import type { HostContext } from './host-context.js';
import { Lanes } from './lanes.js';
import type { PreviousAttempt, ResumePlan } from './resume-plan.js';

/** A restart is over by then, ms. */
const lookLaterMs = 1_000;

/** Of all sessions: the restarts of a whole fleet go before what is said of them. */
const comparisons = new Lanes(2);

/** Writes a resume's receipt at its spawn, and completes it once the resumed attempt has run or ended. */
export async function keepReceipt(host: HostContext, runner: AttemptRunner, previous: PreviousAttempt, plan: ResumePlan, proofOfDeath: ProofOfDeath): Promise<void> {
  const { report } = previous;
  const { key, startedAtMs, folder, checkpoints } = runner.setup;
  const { launch, inFlight, checkpoint, rejected, lost } = plan;
  let receipt: ResumeReceipt = {
    sessionName: key.name,
    sessionId: key.sessionId,
    epoch: key.epoch,
    attemptId: key.attemptId,
    previousEpoch: report.epoch,
    cause: { exitClass: report.exitClass, reason: report.reason, exitCode: report.exitCode, signal: report.signal, endedAtMs: report.endedAtMs },
    proofOfDeath,
    checkpoint: { used: checkpoint && { id: checkpoint.id, atMs: Date.parse(checkpoint.createdAt) }, rejected },
    strategy: launch.strategy,
    strategyReason: launch.strategyReason,
    inFlight,
    lost,
    fidelity: null,
    timing: { endToSpawnMs: sinceEnd(report, startedAtMs), endToRunningMs: null },
    prompt: promptOf(runner),
    cost: { inputTokens: null },
  };
  folder.writeReceipt(receipt);
  await runner.firstAnswer;
  // An attempt that has ended already is being restarted: looking through its tree must not hold that up.
  if (runner.hasEnded) await delay(lookLaterMs, undefined, { ref: false });
  if (host.detached.aborted) return;
  const tree = checkpoint && (await comparisons.run(() => checkpoints.shadow.compare(checkpoint.tree.root)));
  const messages = ratioOf(launch.messages?.before ?? 0, launch.messages?.after ?? 0);
  const files = ratioOf(tree?.files ?? 0, tree?.present ?? 0);
  const told = runner.runningAtMs === null ? 0 : inFlight.length;
  const pending = { before: inFlight.length, told, ratio: ratioOf(inFlight.length, told).ratio };
  receipt = {
    ...receipt,
    lost: [...lost, ...(tree?.missing ?? []).slice(0, 20).map((path) => `file ${path}: it was in ${checkpoint?.id ?? 'the checkpoint'}`)],
    fidelity: { messages, files, pending, overall: Math.min(messages.ratio, files.ratio, pending.ratio) },
    timing: { ...receipt.timing, endToRunningMs: runner.runningAtMs === null ? null : sinceEnd(report, runner.runningAtMs) },
    prompt: promptOf(runner),
    cost: { inputTokens: runner.collector.signals.firstInputTokens },
  };
  folder.writeReceipt(receipt);
  runner.fidelity = receipt.fidelity?.overall ?? null;
  host.events.emit('resumed', receipt);
}

/** How long after an attempt's end something was, ms, by the wall clock: one that was set back has made nothing come before it. */
function sinceEnd({ endedAtMs }: PreviousAttempt['report'], atMs: number): number {
  return Math.max(0, atMs - endedAtMs);
}

function promptOf({ delivery }: AttemptRunner): { id: number; delivered: boolean } | null {
  return delivery && { id: delivery.id, delivered: delivery.isDelivered };
}

/** Where there was nothing, nothing is missing. */
function ratioOf(before: number, after: number): { before: number; after: number; ratio: number } {
  return { before, after, ratio: before === 0 ? 1 : Math.min(1, after / before) };
}
