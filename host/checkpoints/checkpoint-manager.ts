import { EventEmitter } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { CheckpointManifest, CheckpointTrigger, TranscriptState } from '../../domain/checkpoint.js';
import { afterCheckpoint, dueCheckpoint, initialPolicyState, type CheckpointPolicyState } from '../../domain/checkpoint-policy.js';
import { defaultRetention, type Retention } from '../../domain/retention.js';
import type { Risk } from '../../domain/risk.js';
import type { Signals } from '../../domain/signals.js';
import { KeyedMutex } from '../keyed-mutex.js';
import { asCheckpointError, type CheckpointError } from './checkpoint-error.js';
import { CheckpointRepository } from './checkpoint-repository.js';
import { ShadowRepository } from './shadow-repository.js';
import { recordTranscript } from './transcript-segments.js';

/** Checkpoints between two prunings, and the rest before one, ms: it takes longer than a checkpoint, and the next would wait. */
const pruneEvery = 20;
const pruneRestMs = 1_000;

/** Pending operations kept in a manifest. */
const pendingKept = 50;

/** What a checkpoint is made of, besides tree and transcript. */
export interface CheckpointContext {
  sessionId: string;
  sessionName: string;
  epoch: number;
  attemptId: string;
  signals: Signals;
  transcriptPath: string | null;
  isMessage: (entry: Record<string, unknown>) => boolean;
  launch: CheckpointManifest['launch'];
}

export interface CheckpointEvents {
  /** A checkpoint is durable. `bytes` is the manifest's size. */
  checkpoint_created: [durationMs: number, manifest: CheckpointManifest, bytes: number];
  /** None was made; the session goes on. */
  checkpoint_failed: [error: CheckpointError, trigger: CheckpointTrigger];
  /** Old checkpoints could not be deleted; those that are there stand. */
  prune_failed: [error: CheckpointError];
}

type Found = Awaited<ReturnType<CheckpointRepository['latestValid']>>;

/** Decides when a session is checkpointed, and makes its checkpoints one at a time. */
export class CheckpointManager extends EventEmitter<CheckpointEvents> {
  readonly repository: CheckpointRepository;
  readonly shadow: ShadowRepository;
  private readonly mutex = new KeyedMutex();
  private policy: CheckpointPolicyState;
  private latest: CheckpointManifest | null = null;
  /** Since the last pruning. */
  private made = 0;
  private madeEver = 0;
  private pruneTimer: NodeJS.Timeout | null = null;
  private ahead: { found: Promise<Found | null>; untilMs: number; made: number } | null = null;

  /** @param folder the session's checkpoint folder. @param minutes between checkpoints by time. */
  constructor(
    folder: string,
    workTree: string,
    private minutes: number,
  ) {
    super();
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.shadow = new ShadowRepository(join(folder, 'git'), workTree);
    this.repository = new CheckpointRepository(folder, this.shadow);
    this.policy = initialPolicyState(Date.now());
  }

  /** The newest checkpoint known to this manager; null before one was made or loaded. */
  get newest(): CheckpointManifest | null {
    return this.latest;
  }

  /** Takes up the checkpoints that are on disk. @returns as CheckpointRepository.latestValid. */
  async load(): Promise<Found> {
    const known = this.ahead && performance.now() < this.ahead.untilMs && this.ahead.made === this.madeEver ? await this.ahead.found : null;
    this.ahead = null;
    const found = known ?? (await this.repository.latestValid());
    this.latest = found.manifest;
    return found;
  }

  /** Begins to load: the next `load` within this time has less to wait for, unless a checkpoint was made in between. */
  loadAhead(freshMs: number): void {
    // What cannot be read is met again by the next load, and told there.
    const found = this.repository.latestValid().catch(() => null);
    this.ahead = { found, untilMs: performance.now() + freshMs, made: this.madeEver };
  }

  /** Minutes between checkpoints by time; takes effect at the next look. */
  setInterval(minutes: number): void {
    this.minutes = minutes;
  }
  get intervalMinutes(): number {
    return this.minutes;
  }

  /** Looks at the signals and says whether a checkpoint is due. */
  due(signals: Signals, risk: Risk, nowMs: number): CheckpointTrigger | null {
    const { trigger, state } = dueCheckpoint(this.policy, { signals, risk, nowMs, intervalMinutes: this.minutes });
    this.policy = state;
    return trigger;
  }

  /**
   * Makes a checkpoint, durable when this returns. Where tree and transcript are as they were and the last one is still
   * whole, it says it all and is returned.
   *
   * @returns the manifest; null if it could not be made: `checkpoint_failed` says why, and nothing half-made is left.
   */
  async create(trigger: CheckpointTrigger, context: CheckpointContext): Promise<CheckpointManifest | null> {
    return this.mutex.run('checkpoints', async () => {
      try {
        return await this.make(trigger, context);
      } catch (error) {
        this.emit('checkpoint_failed', asCheckpointError(error), trigger);
        return null;
      }
    });
  }

  private async make(trigger: CheckpointTrigger, context: CheckpointContext): Promise<CheckpointManifest> {
    const startedMs = performance.now();
    // Both end before either's failure is told: what comes next must not meet one that is still at work.
    const [tree, transcript] = await bothSettled(this.shadow.record(), this.recordTranscript(context));
    this.policy = afterCheckpoint(this.policy, Date.now());
    const last = this.latest;
    if (last && isSame(last, tree, transcript) && (await this.repository.isValid(last.id))) return last;
    const { sessionId, sessionName, epoch, attemptId, signals, launch } = context;
    const manifest: CheckpointManifest = {
      formatVersion: 1,
      id: await this.repository.nextId(),
      sessionId,
      sessionName,
      epoch,
      attemptId,
      trigger,
      createdAt: new Date().toISOString(),
      tree,
      transcript,
      pending: signals.pending.slice(-pendingKept),
      signals: { ...signals, pending: undefined },
      launch,
      durationMs: performance.now() - startedMs,
    };
    const bytes = await this.repository.save(manifest);
    this.latest = manifest;
    this.made += 1;
    this.madeEver += 1;
    if (this.made >= pruneEvery) this.pruneSoon();
    this.emit('checkpoint_created', performance.now() - startedMs, manifest, bytes);
    return manifest;
  }

  /** Deletes old checkpoints once no other is being made. @returns the ids; empty where it failed, as `prune_failed` says. */
  async prune(retention: Retention = defaultRetention): Promise<string[]> {
    return this.mutex.run('checkpoints', async () => {
      this.made = 0;
      try {
        return await this.repository.prune(retention);
      } catch (error) {
        this.emit('prune_failed', asCheckpointError(error));
        return [];
      }
    });
  }

  private pruneSoon(): void {
    if (this.pruneTimer) clearTimeout(this.pruneTimer);
    this.pruneTimer = setTimeout(() => void this.prune(), pruneRestMs).unref();
  }

  private async recordTranscript({ transcriptPath, isMessage }: CheckpointContext): Promise<TranscriptState | null> {
    if (transcriptPath === null) return null;
    return recordTranscript(this.repository.transcriptFolder, transcriptPath, this.latest?.transcript ?? null, isMessage);
  }
}

function isSame(last: CheckpointManifest, tree: CheckpointManifest['tree'], transcript: TranscriptState | null): boolean {
  const sameTree = last.tree.root === tree.root && last.tree.userHead === tree.userHead;
  return sameTree && last.transcript?.path === transcript?.path && last.transcript?.validatedBytes === transcript?.validatedBytes && last.transcript?.generation === transcript?.generation;
}

async function bothSettled<A, B>(a: Promise<A>, b: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([a, b]);
  return [await a, await b];
}
