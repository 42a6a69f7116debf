import type { CheckpointManifest, CheckpointRef, CheckpointTrigger } from '../domain/checkpoint.js';
import { withCheckpoint, type CheckpointTimes } from '../domain/checkpoint-times.js';
import { checkpointContextOf, type AttemptSetup } from './attempt-setup.js';
import type { Background } from './background.js';
import type { HostContext } from './host-context.js';
import { Lanes } from './lanes.js';
import type { SignalCollector } from './signal-collector.js';

/** Of all sessions: while a whole fleet starts, its checkpoints leave the machine to the starts. */
const firstCheckpoints = new Lanes(4);

/** Of which attempt the checkpoints are. */
export interface CheckpointedAttempt {
  host: HostContext;
  setup: AttemptSetup;
  collector: SignalCollector;
  background: Background;
}

/** The checkpoints of one attempt. All of a session's are made by one manager, whichever attempt they are of. */
export class AttemptCheckpoints {
  /** @param times how long those took that an earlier worker has seen. */
  constructor(
    private readonly of: CheckpointedAttempt,
    public times: CheckpointTimes,
  ) {}

  /** Null before one was made. */
  get newest(): CheckpointRef | null {
    const { newest } = this.of.setup.checkpoints;
    return newest && { id: newest.id, atMs: Date.parse(newest.createdAt) };
  }

  /** From here on they are made as often as the attempt's parameters say, and counted. */
  watch(): void {
    const { checkpoints, parameters } = this.of.setup;
    checkpoints.setInterval(parameters.checkpointIntervalMinutes);
    checkpoints.on('checkpoint_created', this.onCreated);
  }

  stop(): void {
    this.of.setup.checkpoints.off('checkpoint_created', this.onCreated);
  }

  /** Makes one of the attempt as it is. @returns null if it could not be made. */
  async create(trigger: CheckpointTrigger): Promise<CheckpointManifest | null> {
    const { host, setup, collector, background } = this.of;
    const manifest = await setup.checkpoints.create(trigger, checkpointContextOf(setup, collector.signals));
    if (manifest) collector.checkpointMade();
    if (manifest && (trigger === 'danger_zone' || trigger === 'user_requested')) {
      const made = { id: manifest.id, atMs: Date.parse(manifest.createdAt), trigger };
      background.run('report a checkpoint', host.reports.checkpointMade(setup.key, made, host.detached));
    }
    return manifest;
  }

  /** In the background, where the signals call for one. */
  createIfDue(): void {
    const { setup, collector, background } = this.of;
    const trigger = setup.checkpoints.due(collector.signals, collector.risk, Date.now());
    if (trigger) background.run('checkpoint', this.create(trigger));
  }

  /** In the background, when its turn among all sessions has come. @param isWanted asked then. */
  createFirst(isWanted: () => boolean): void {
    this.of.background.run('first checkpoint', firstCheckpoints.run(async () => (isWanted() ? this.create('session_start') : null)));
  }

  private readonly onCreated = (durationMs: number, { attemptId }: CheckpointManifest): void => {
    if (attemptId === this.of.setup.key.attemptId) this.times = withCheckpoint(this.times, durationMs);
  };
}
