import type { CheckpointRef } from './checkpoint.js';
import type { ExitClass } from './exit-class.js';
import type { ResumeRung } from './parameters.js';
import type { PendingOperation } from './signals.js';

/** The finding that no process of an earlier attempt is left. */
export interface ProofOfDeath {
  /** `cgroup`: the kernel's own list was empty. `sweep`: no process bears the marker, session, group or ancestry. */
  method: 'cgroup' | 'sweep';
  /** Processes looked at in the last pass. */
  examined: number;
  /** Processes of the old tree that had to be killed. */
  killed: number;
  /** Always 0 in a proof; kept so that a reader need not infer it. */
  remaining: 0;
  atMs: number;
  durationMs: number;
}

/** What came back, measured against what was there at the end of the attempt before. Ratios 0-1. */
export interface Fidelity {
  /** Messages in the resumed conversation / messages at the end. */
  messages: { before: number; after: number; ratio: number };
  /** Files of the last checkpoint that are in the tree, changed or not / files of the last checkpoint. */
  files: { before: number; after: number; ratio: number };
  /** Operations in flight that the agent was told of / operations in flight. */
  pending: { before: number; told: number; ratio: number };
  /** The least of the three: a resume is as faithful as its weakest part. */
  overall: number;
}

/** The record that every resume leaves, shown by `shim why`. Times are Unix ms. */
export interface ResumeReceipt {
  sessionName: string;
  sessionId: string;
  /** Of the new attempt. */
  epoch: number;
  attemptId: string;
  previousEpoch: number;
  cause: { exitClass: ExitClass; reason: string; exitCode: number | null; signal: string | null; endedAtMs: number };
  /** One for each earlier attempt that was not yet known to be dead. */
  proofOfDeath: ProofOfDeath;
  checkpoint: { used: CheckpointRef | null; rejected: { id: string; reason: string }[] };
  /** The rung that was used; `fresh` where the earlier attempt left nothing to resume. */
  strategy: ResumeRung | 'fresh';
  /** Why a lower rung than asked for was taken; null if it was not. */
  strategyReason: string | null;
  inFlight: PendingOperation[];
  /** What is not there any more, in words; empty when nothing was lost. */
  lost: string[];
  /** Null until the resumed attempt has run. */
  fidelity: Fidelity | null;
  timing: { endToSpawnMs: number; endToRunningMs: number | null };
  /** The queued prompt that the agent was given, and whether it was seen to have it; null where there was none. Receipts of older versions lack it. */
  prompt?: { id: number; delivered: boolean } | null;
  /** Of the resumed attempt's first API call: input tokens; null where the stream does not tell. */
  cost: { inputTokens: number | null };
}
