import { formatDuration } from '../../../domain/duration.js';
import type { Fidelity, ProofOfDeath, ResumeReceipt } from '../../../domain/receipt.js';
import { count, formatRatio, formatWhen, oneLine } from '../format.js';

/** A receipt in clear words: a title and what it says about it. */
export function describeReceipt(receipt: ResumeReceipt, nowMs: number): [string, string][] {
  return [
    ['Cause of death', describeCause(receipt.cause, nowMs)],
    ['Old copy dead', describeProof(receipt.proofOfDeath)],
    ['Checkpoint', describeCheckpoint(receipt.checkpoint, nowMs)],
    ['Resumed by', describeStrategy(receipt)],
    ['Came back', receipt.fidelity ? describeFidelity(receipt.fidelity) : 'not known yet: the resumed attempt has not run'],
    ['In flight', describeInFlight(receipt)],
    ...(receipt.prompt ? [['Next task', `prompt ${receipt.prompt.id} of the queue: ${receipt.prompt.delivered ? 'the agent has it' : 'not seen with the agent so far'}`] satisfies [string, string]] : []),
    ['Lost', receipt.lost.length === 0 ? 'nothing' : receipt.lost.map((each) => oneLine(each)).join('; ')],
    ['Took', describeTiming(receipt.timing)],
    ['Cost', receipt.cost.inputTokens === null ? 'not told by the agent' : `${receipt.cost.inputTokens.toLocaleString('en-US')} input tokens for its first call`],
  ];
}

/** How an attempt died, with the exit status or signal where one is known. */
export function describeCause({ exitClass, reason, exitCode, signal, endedAtMs }: ResumeReceipt['cause'], nowMs: number): string {
  const facts = [...(signal === null ? [] : [signal]), ...(exitCode === null ? [] : [`exit code ${exitCode}`])];
  const how = facts.length === 0 ? '' : ` (${facts.join(', ')})`;
  return `${exitClass}: ${oneLine(reason)}${how}, ${formatWhen(new Date(endedAtMs).toISOString(), nowMs)}`;
}

function describeProof({ method, examined, killed, durationMs }: ProofOfDeath): string {
  const looked = count(examined, 'process', 'processes');
  const how = method === 'cgroup' ? "the kernel's own list of its group (cgroup) was empty" : `none of ${looked} on this machine belonged to it (sweep)`;
  return `proved: ${how}; ${killed === 0 ? 'nothing was left to kill' : `${count(killed, 'left-over process', 'left-over processes')} had to be killed`}; ${formatDuration(durationMs)}`;
}

function describeCheckpoint({ used, rejected }: ResumeReceipt['checkpoint'], nowMs: number): string {
  const chosen = used ? `${used.id} was used, made ${formatWhen(new Date(used.atMs).toISOString(), nowMs)}` : 'none was used';
  return [chosen, ...rejected.map(({ id, reason }) => `${id} was rejected: ${oneLine(reason)}`)].join('; ');
}

const strategyWords: Readonly<Record<ResumeReceipt['strategy'], string>> = {
  compact: "the agent's own compaction of a conversation that was full, to go on with next",
  native: "the agent's own resume",
  fork: 'a trimmed copy of the conversation (fork)',
  brief: 'a new conversation with a hand-over brief',
  fresh: 'a fresh start: the earlier attempt left nothing to resume',
};

function describeStrategy({ strategy, strategyReason }: ResumeReceipt): string {
  return `${strategyWords[strategy]}${strategyReason === null ? '' : `, because ${oneLine(strategyReason)}`}`;
}

function describeFidelity({ messages, files, pending, overall }: Fidelity): string {
  const parts = [
    `${messages.after} of ${count(messages.before, 'message')}`,
    `${files.after} of ${count(files.before, 'file')}`,
    pending.before === 0 ? 'nothing was in flight' : `told of ${pending.told} of ${count(pending.before, 'operation')} in flight`,
  ];
  return `${formatRatio(overall)}: ${parts.join(', ')}`;
}

function describeInFlight({ inFlight, fidelity }: ResumeReceipt): string {
  if (inFlight.length === 0) return 'nothing';
  const operations = inFlight.map(({ tool, summary }) => `${oneLine(tool, 40)}: ${oneLine(summary, 120)}`).join('; ');
  const told = fidelity !== null && fidelity.pending.told >= inFlight.length ? 'the agent was told to verify before repeating' : 'verify before repeating';
  return `${operations} (outcome unknown; ${told})`;
}

function describeTiming({ endToSpawnMs, endToRunningMs }: ResumeReceipt['timing']): string {
  const spawn = `${formatDuration(endToSpawnMs)} from the end to the new process`;
  return endToRunningMs === null ? spawn : `${spawn}, ${formatDuration(endToRunningMs)} until it was running`;
}
