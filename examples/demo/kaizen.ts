import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pc from 'picocolors';
import { describeArms } from '../../client/report/arms-line.js';
import type { KaizenClient } from '../../client/kaizen-client.js';
import type { ShimClient } from '../../client/shim-client.js';
import type { ExperimentConclusion, ExperimentStatus } from '../../domain/experiments/experiment.js';
import type { KaizenSettings } from '../../domain/experiments/kaizen-settings.js';
import { defaultScope } from '../../domain/kaizen-mode.js';
import type { ParameterName, ParameterValue } from '../../domain/parameter-table.js';
import { Fleet } from '../fleet/fleet.js';

const sessionsAtOnce = 40;
const pollMs = 250;

/** Time is all that the demo has less of: thresholds, bounds and levels are the defaults. */
const settings: Partial<KaizenSettings> = {
  lookEveryMs: 2_000,
  coolDownMs: 1_000,
  windowMs: 60_000,
  longestMs: 90_000,
  experiment: { horizonMs: 6_000, tickMs: 1_000, ramp: [0.5, 1], unitsPerStep: 20, deadlineMs: 60_000, holdback: 0.2, monitorMs: 8_000, staleAfterMs: 20_000 },
};

/** One of the demo's experiments, and what came of it. */
export interface SeenExperiment {
  what: string;
  expected: ExperimentConclusion;
  /** Null where none began, or none ended in time. */
  status: ExperimentStatus | null;
}

export interface KaizenDemoOptions {
  client: ShimClient;
  kaizen: KaizenClient;
  home: string;
  folder: string;
  seed: number;
  /** Unix ms: what has not ended by then is told as it stands. */
  deadlineMs: number;
  say: (text: string) => void;
}

/**
 * The loop at work on a fleet of short agents: it finds by itself that a lower danger zone helps and deploys it; a harmful
 * experiment is rolled back by its guardrail; and one that was right when it was deployed is taken back when the world has changed.
 */
export class KaizenDemo {
  readonly seen: SeenExperiment[] = [];
  private readonly world: string;
  private readonly fleet: Fleet;

  constructor(private readonly options: KaizenDemoOptions) {
    const { client, home, folder, seed } = options;
    this.world = join(folder, 'world');
    mkdirSync(this.world);
    this.fleet = new Fleet({ client, home, folder, atOnce: sessionsAtOnce, seed, world: this.world });
  }

  get sessions(): number {
    return this.fleet.sessions;
  }

  async run(): Promise<void> {
    const { kaizen } = this.options;
    this.fleet.start();
    try {
      await kaizen.setMode('danger_zone', { mode: 'auto', by: 'demo' });
      await kaizen.startKaizen(defaultScope, settings, 'demo');
      await this.improvement();
      await this.harm();
      await this.regression();
      await kaizen.stopKaizen(defaultScope, 'demo');
    } finally {
      await this.fleet.stop();
    }
  }

  /** What a new session runs with, read back from one that has run. */
  async readBack(): Promise<Partial<Record<ParameterName, ParameterValue>>> {
    const { parameters } = await this.options.client.status(await this.fleet.runOne());
    return { danger_zone: parameters.dangerZone, hang_timeout: parameters.hangTimeoutMs };
  }

  /** Sessions crash with a large context: a lower danger zone recycles them before. The loop finds it by itself. */
  private async improvement(): Promise<void> {
    this.note('sessions crash when their context grows; the loop is to find it by itself');
    await this.follow('danger_zone', 1, 'found by the loop', 'kept');
  }

  /** A hang time-out below the agents' own silences kills what is well. */
  private async harm(): Promise<void> {
    this.note('somebody tries a hang time-out that is shorter than the agents are silent');
    await this.options.kaizen.tryValue(defaultScope, { parameter: 'hang_timeout', value: 200, units: 400, hypothesis: 'hangs are found sooner' });
    await this.follow('hang_timeout', 1, 'harmful, by hand', 'rolled_back');
  }

  /** The world gets stricter, an even lower zone is right for it and deployed; then it changes again. */
  private async regression(): Promise<void> {
    this.note('the world changes: half a context is dangerous by now');
    writeFileSync(join(this.world, 'strict'), '');
    await this.follow('danger_zone', 2, 'right when it was deployed, then wrong', 'restored', () => {
      this.note('the world changes again: who is recycled early forgets what it did');
      rmSync(join(this.world, 'strict'));
      writeFileSync(join(this.world, 'forgetful'), '');
    });
  }

  /** Shows an experiment until it has closed. @param onMonitoring when it has been deployed. */
  private async follow(parameter: ParameterName, n: number, what: string, expected: ExperimentConclusion, onMonitoring: () => void = () => undefined): Promise<void> {
    const id = `experiment/${parameter}/${n}`;
    let shown = '';
    let status: ExperimentStatus | null = null;
    let deployed = false;
    while (status?.conclusion == null && Date.now() < this.options.deadlineMs) {
      await delay(pollMs);
      status = await this.options.kaizen.experiment(id).catch(() => null);
      if (status === null) continue;
      if (!deployed && status.phase === 'monitoring') {
        deployed = true;
        onMonitoring();
      }
      const line = describeArms(status);
      if (line !== shown) this.note(line);
      shown = line;
    }
    this.seen.push({ what, expected, status });
  }

  private note(text: string): void {
    this.options.say(`  ${pc.dim(`${String(this.fleet.sessions).padStart(4)} sessions`)}  ${text}`);
  }
}
