import { readFileSync, watch, type FSWatcher } from 'node:fs';
import { join } from 'node:path';
import type { AttemptKey, AttemptReport } from '../domain/attempt.js';
import type { CheckpointRef, CheckpointTrigger } from '../domain/checkpoint.js';
import type { ProofOfDeath } from '../domain/receipt.js';
import type { SessionSpec } from '../domain/session.js';
import { judge, wasActive, type ResourceSample } from '../domain/watchdog.js';
import type { Agent, StreamParser } from './agents/agent.js';
import { reportOf, type Ending } from './attempt-outcome.js';
import type { CheckpointManager } from './checkpoints/checkpoint-manager.js';
import type { HostContext } from './host-context.js';
import type { AttemptFolder, SessionFolder } from './session-folder.js';
import { SignalCollector } from './signal-collector.js';

/** A `command` that says nothing counts as running once it has lived this long, ms. */
const aliveMeansRunningMs = 1_000;

/** Kept of stderr to explain an end, characters. */
const stderrTailLength = 8_192;
const liveRecordIntervalMs = 1_000;

/** What SHIM itself is about to end an attempt for. */
type Intent = Pick<Ending, 'exitClass' | 'reason'>;

/** A sample of the tree, with what only the runner's tick can tell. */
export interface TreeSample extends ResourceSample {
  allStopped: boolean;
}
