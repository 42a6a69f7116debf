import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { HostError, hostErrorCodes } from '../domain/host-requests.js';
import type { SessionSpec } from '../domain/session.js';
import { agentFor } from './agents/registry.js';
import type { Agent, LaunchContext } from './agents/agent.js';
import type { AttemptFolder } from './attempt-folder.js';
import { AttemptRunner } from './attempt-runner.js';
import { CheckpointManager } from './checkpoints/checkpoint-manager.js';
import { deliveryOf } from './follow-up.js';
import type { HostContext } from './host-context.js';
import { createRedactor, isSecretName, type Redactor } from './output/redaction.js';
import type { HeldAttempt } from './process/holder.js';
import type { ParkingPlace } from './process/parked-holder.js';
import { environmentFile, type SessionFolder } from './session-folder.js';
import type { AttemptRecord } from './session-records.js';

const environmentSchema = z.record(z.string(), z.string());

/** What the attempts of one session share on a host. */
export class SessionRuntime {
  readonly agent: Agent;
  readonly environment: Readonly<Record<string, string>>;
  readonly redact: Redactor;
  readonly checkpoints: CheckpointManager;

  /** @param checkpoints of the same session before it changed. @throws HostError Misconfigured where the session's environment is not on this host. */
  constructor(
    private readonly host: HostContext,
    readonly spec: SessionSpec,
    readonly folder: SessionFolder,
    checkpoints?: CheckpointManager,
  ) {
    this.agent = agentFor(spec.agent);
    this.environment = readEnvironment(host.home, spec);
    this.redact = createRedactor(
      Object.entries(this.environment)
        .filter(([name]) => isSecretName(name))
        .map(([, value]) => value),
    );
    this.checkpoints = checkpoints ?? this.newCheckpoints();
  }

  private newCheckpoints(): CheckpointManager {
    const { host, spec } = this;
    const checkpoints = new CheckpointManager(this.folder.checkpointsPath, spec.cwd, spec.parameters.checkpointIntervalMinutes);
    checkpoints.on('checkpoint_created', (durationMs, { id }, bytes) => host.events.emit('checkpoint_created', { name: spec.name, id, durationMs, bytes }));
    checkpoints.on('prune_failed', (error) => host.events.emit('trouble', { name: spec.name, what: 'prune checkpoints', error }));
    checkpoints.on('checkpoint_failed', (error) => host.events.emit('checkpoint_failed', { name: spec.name, reason: this.redact(error.message) }));
    return checkpoints;
  }

  /** How an attempt's processes are found. */
  held(attempt: AttemptFolder, record: Pick<AttemptRecord, 'treeId' | 'sinceTicks'>): HeldAttempt {
    return { treeId: record.treeId, path: attempt.path, sinceTicks: record.sinceTicks, cgroups: this.host.cgroups };
  }

  /** Where the holder of an attempt waits for its command. */
  parkingPlace(): ParkingPlace {
    return { cgroups: this.host.cgroups, cwd: this.spec.cwd, environment: { ...this.environment, SHIM_SESSION: this.spec.sessionId } };
  }

  /** What the agent is started in. */
  launchContext(attempt: AttemptFolder): LaunchContext {
    return { spec: this.spec, environment: this.environment, attemptPath: attempt.path, checkpointPath: this.folder.checkpointsPath, epoch: attempt.epoch };
  }

  /** A runner for an attempt that is on disk, alive or not. */
  runner(attempt: AttemptFolder, record: AttemptRecord): AttemptRunner {
    const { spec, agent, folder, checkpoints, environment, redact } = this;
    const live = attempt.live();
    const { prompt } = record;
    return new AttemptRunner(
      this.host,
      {
        key: { sessionId: record.sessionId, name: spec.name, epoch: record.epoch, attemptId: record.attemptId },
        spec,
        parameters: record.parameters,
        agent,
        conversationId: record.conversationId,
        startedAtMs: record.startedAtMs,
        session: folder,
        folder: attempt,
        held: this.held(attempt, record),
        checkpoints,
        environment,
        redact,
        record,
        delivery: prompt ? (conversationId) => deliveryOf(this, attempt, prompt, live?.promptDelivered === true, conversationId) : null,
        compacting: record.strategy === 'compact',
        probeOf: record.probeOf ?? null,
      },
      live,
    );
  }
}

function readEnvironment(home: string, spec: SessionSpec): Record<string, string> {
  const path = environmentFile(home, spec.sessionId);
  try {
    return environmentSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      throw new HostError(hostErrorCodes.misconfigured, `the session's environment (${spec.sessionId}.json) is not on this host; start it with shim run here`, undefined, { cause: error });
    }
    if (error instanceof SyntaxError || error instanceof z.ZodError) {
      throw new HostError(hostErrorCodes.misconfigured, `the session's environment (${spec.sessionId}.json) cannot be read; start the session anew`, undefined, { cause: error });
    }
    throw error;
  }
}
