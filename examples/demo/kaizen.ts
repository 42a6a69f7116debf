import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pc from 'picocolors';
import { describeArms } from '../../client/report/arms-line.js';
import type { KaizenClient } from '../../client/kaizen-client.js';
import type { ShimClient } from '../../client/shim-client.js';
import type { ExperimentConclusion, ExperimentPhase, ExperimentStatus } from '../../domain/experiments/experiment.js';
import type { KaizenSettings } from '../../domain/experiments/kaizen-settings.js';
import { defaultScope } from '../../domain/kaizen-mode.js';
import type { ParameterValue } from '../../domain/parameter-table.js';
import { Fleet } from '../fleet/fleet.js';

const sessionsAtOnce = 20;
const pollMs = 250;

/** Sessions that an experiment by hand is worth. */
const unitsByHand = 60;

/** Until a parameter that was let go may be taken again, ms: its cool-down, and some. */
const coolDownMs = 500;
const restMs = 1_500;

/**
 * Time is all that the demo has less of: levels, and the bound on crashes, are the defaults. The other bounds take hundreds of
 * sessions to be shown to be kept, and are not set.
 */
const settings: Partial<KaizenSettings> = {
  lookEveryMs: 1_000,
  coolDownMs,
  windowMs: 60_000,
  longestMs: 90_000,
  bounds: { crashRate: { max: 0.1 } },
  experiment: { horizonMs: 6_000, tickMs: 1_000, ramp: [0.5, 1], unitsPerStep: 10, deadlineMs: 60_000, holdback: 0.2, monitorMs: 30_000, staleAfterMs: 20_000 },
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
    } finally {
      await this.fleet.stop();
    }
    await this.readEnds();
  }

  /** What a new session runs with, read back from one that has run. */
  async readBack(): Promise<ParameterValue> {
    return (await this.options.client.status(await this.fleet.runOne())).parameters.dangerZone;
  }

  /** Sessions crash with a large context: a lower danger zone recycles them before. The loop finds it by itself. */
  private async improvement(): Promise<void> {
    this.note('sessions crash when their context grows; the loop is to find it by itself');
    await this.follow(1, 'found by the loop, and better', 'kept', 'monitoring');
    // From here on a person says what is tried: the loop might find the same.
    await this.options.kaizen.stopKaizen(defaultScope, 'demo');
  }

  /** Whoever is recycled late crashes again. The experiment before is watched until this one takes the parameter. */
  private async harm(): Promise<void> {
    this.note('somebody thinks that contexts may be larger by now');
    await this.tryZone(0.95, 'fewer recycles cost less');
    await this.follow(2, 'by hand, and harmful', 'rolled_back');
  }

  /** The world gets stricter, an even lower zone is right for it and deployed; then it changes again. */
  private async regression(): Promise<void> {
    this.note('the world changes: half a context is dangerous by now; a lower zone is tried');
    writeFileSync(join(this.world, 'strict'), '');
    await this.tryZone(0.55, 'an even lower zone spares the crashes of this world');
    await this.follow(3, 'better until the world changed', 'restored', 'monitoring');
    this.note('the world changes again: who is recycled early forgets what it did');
    rmSync(join(this.world, 'strict'));
    writeFileSync(join(this.world, 'forgetful'), '');
    this.seen.pop();
    await this.follow(3, 'better until the world changed', 'restored');
  }

  private async tryZone(value: number, hypothesis: string): Promise<void> {
    await delay(restMs);
    if (Date.now() < this.options.deadlineMs) await this.options.kaizen.tryValue(defaultScope, { parameter: 'danger_zone', value, units: unitsByHand, hypothesis });
  }

  /** How each ended: one that was watched has closed meanwhile, and one that did not come to its end in time is ended, so that nothing is left of it. */
  private async readEnds(): Promise<void> {
    const { kaizen } = this.options;
    for (const experiment of this.seen) {
      if (!experiment.status) continue;
      const { id } = experiment.status.plan;
      experiment.status = await kaizen.experiment(id);
      if (experiment.status.conclusion === null) await kaizen.abort(id, { by: 'demo', reason: 'the demo is over' });
      while (experiment.status.conclusion === null) {
        await delay(pollMs);
        experiment.status = await kaizen.experiment(id);
      }
    }
  }

  /** Shows an experiment until it has closed, or is in a phase that others may go on from. */
  private async follow(n: number, what: string, expected: ExperimentConclusion, until: ExperimentPhase = 'closed'): Promise<void> {
    const id = `experiment/danger_zone/${n}`;
    let shown = '';
    let status: ExperimentStatus | null = null;
    while (status?.conclusion == null && status?.phase !== until && Date.now() < this.options.deadlineMs) {
      await delay(pollMs);
      status = await this.options.kaizen.experiment(id).catch(() => null);
      const line = status === null ? '' : describeArms(status);
      if (line !== shown) this.note(line);
      shown = line;
    }
    this.seen.push({ what, expected, status });
  }

  private note(text: string): void {
    this.options.say(`  ${pc.dim(`${String(this.fleet.sessions).padStart(4)} sessions`)}  ${text}`);
  }
}
