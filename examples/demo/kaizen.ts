import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pc from 'picocolors';
import { experimentLooks } from '../../client/experiment-looks.js';
import { describeArms } from '../../client/report/arms-line.js';
import type { KaizenClient } from '../../client/kaizen-client.js';
import type { ShimClient } from '../../client/shim-client.js';
import type { ExperimentConclusion, ExperimentLook, ExperimentPhase, ExperimentStatus } from '../../domain/experiments/experiment.js';
import type { KaizenSettings } from '../../domain/experiments/kaizen-settings.js';
import { defaultScope } from '../../domain/kaizen-mode.js';
import type { ParameterName, ParameterValue } from '../../domain/parameter-table.js';
import type { Parameters } from '../../domain/parameters.js';
import { Fleet } from '../fleet/fleet.js';

/** More of them only take longer each: what a session costs is processor time, and its horizon is waited for. */
const sessionsAtOnce = 16;
const pollMs = 250;

/** Sessions that an experiment by hand is worth. */
const unitsByHand = 40;

/** Until a parameter that was let go may be taken again, ms: its cool-down, and some. */
const coolDownMs = 100;
const restMs = 500;

/**
 * Time is all that the demo has less of: levels, and the bound on crashes, are the defaults. The other bounds take hundreds of
 * sessions to be shown to be kept, and are not set. A watch is long enough for a slow machine to have the sessions that harm takes
 * to be seen; it ends as soon as it is.
 */
const settings: Partial<KaizenSettings> = {
  lookEveryMs: 1_000,
  coolDownMs,
  windowMs: 60_000,
  longestMs: 120_000,
  bounds: { crashRate: { max: 0.1 } },
  experiment: { horizonMs: 8_000, tickMs: 1_000, ramp: [0.5, 1], unitsPerStep: 6, deadlineMs: 120_000, holdback: 0.2, monitorMs: 120_000, staleAfterMs: 20_000 },
};

/** One of the demo's experiments, and what came of it. */
export interface SeenExperiment {
  id: string;
  what: string;
  expected: ExperimentConclusion;
  /** Null where none began, or none ended in time. */
  status: ExperimentStatus | null;
  /** The last look at its own sessions, which decided: of what was deployed the later ones are at the rollout's. */
  decisive: ExperimentLook | null;
  /** It was not over when the demo was. */
  wasEnded: boolean;
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
 * The loop at work on a fleet of short agents: it finds by itself that a lower danger zone helps and deploys it; while that is
 * deployed, a harmful experiment on another parameter is rolled back by its guardrail; and one that was right when it was deployed is
 * taken back when the world has changed.
 */
export class KaizenDemo {
  readonly seen: readonly [improvement: SeenExperiment, harm: SeenExperiment, regression: SeenExperiment] = [
    unseen('danger_zone', 1, 'found by the loop, and better', 'kept'),
    unseen('hang_timeout', 1, 'by hand, and harmful', 'rolled_back'),
    unseen('danger_zone', 2, 'better until the world changed', 'restored'),
  ];
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

  /** Sessions come from now on, and the loop looks at them. Whoever begins it has it end. */
  async begin(): Promise<void> {
    const { kaizen } = this.options;
    await kaizen.setMode('danger_zone', { mode: 'auto', by: 'demo' });
    await kaizen.startKaizen(defaultScope, settings, 'demo');
    this.fleet.start();
  }

  /** Ends with the sessions that are under way. */
  end(): Promise<void> {
    return this.fleet.stop();
  }

  async run(): Promise<void> {
    const { kaizen } = this.options;
    const [improvement, harm, regression] = this.seen;
    try {
      this.note('sessions crash when their context grows; the loop is to find it by itself');
      await this.follow(improvement, 'deploying');
      // From here on a person says what is tried: the loop might find the same.
      await kaizen.stopKaizen(defaultScope, 'demo');
      await Promise.all([this.harm(harm), this.follow(improvement, 'monitoring')]);
      await this.regression(regression);
    } finally {
      await this.end();
    }
    for (const experiment of this.seen) await this.readEnd(experiment);
  }

  /** What a new session runs with, read back from one that has run. */
  async readBack(): Promise<Parameters> {
    return (await this.options.client.status(await this.fleet.runOne())).parameters;
  }

  /** Answers come late by now, and who waits for one is silent: ended as hung it has crashed, where it would only have gone on. Beside the deploy and the watch of the first. */
  private async harm(experiment: SeenExperiment): Promise<void> {
    this.note('answers take two seconds by now; somebody thinks that hung agents should be found sooner');
    const slow = join(this.world, 'slow');
    writeFileSync(slow, '');
    await this.tryValue('hang_timeout', 500, 'an agent that is silent for a moment is hung');
    await this.follow(experiment);
    rmSync(slow);
  }

  /** The world gets stricter, an even lower zone is right for it and deployed; then it changes again. The first is watched until this one takes the parameter. */
  private async regression(experiment: SeenExperiment): Promise<void> {
    this.note('the world changes: half a context is dangerous by now; a lower zone is tried');
    writeFileSync(join(this.world, 'strict'), '');
    await delay(restMs);
    await this.tryValue('danger_zone', 0.55, 'an even lower zone spares the crashes of this world');
    await this.follow(experiment, 'monitoring');
    if (experiment.status?.phase !== 'monitoring') return;
    this.note('the world changes again: who is recycled early forgets what it did');
    rmSync(join(this.world, 'strict'));
    writeFileSync(join(this.world, 'forgetful'), '');
    await this.follow(experiment);
  }

  private async tryValue(parameter: ParameterName, value: ParameterValue, hypothesis: string): Promise<void> {
    if (Date.now() < this.options.deadlineMs) await this.options.kaizen.tryValue(defaultScope, { parameter, value, units: unitsByHand, hypothesis });
  }

  /** Shows an experiment until it has closed, or is in a phase that others may go on from. */
  private async follow(experiment: SeenExperiment, until: ExperimentPhase = 'closed'): Promise<void> {
    let shown = experiment.status === null ? '' : describeArms(experiment.status);
    while (experiment.status?.conclusion == null && experiment.status?.phase !== until && Date.now() < this.options.deadlineMs) {
      await delay(pollMs);
      const status = await this.options.kaizen.experiment(experiment.id).catch(() => null);
      if (status === null) continue;
      experiment.status = status;
      const line = describeArms(status);
      if (line !== shown) this.note(line);
      shown = line;
    }
  }

  /** How it ended: one that was watched has closed meanwhile, and one that did not come to its end in time is ended, so that nothing is left of it. */
  private async readEnd(experiment: SeenExperiment): Promise<void> {
    const { kaizen, home } = this.options;
    if (!experiment.status) return;
    experiment.status = await kaizen.experiment(experiment.id);
    if (experiment.status.conclusion === null) {
      experiment.wasEnded = true;
      await kaizen.abort(experiment.id, { by: 'demo', reason: 'the demo is over' });
    }
    while (experiment.status.conclusion === null) {
      await delay(pollMs);
      experiment.status = await kaizen.experiment(experiment.id);
    }
    experiment.decisive = (await experimentLooks(home, process.env, experiment.id)).at(-1) ?? null;
  }

  private note(text: string): void {
    this.options.say(`  ${pc.dim(`${String(this.fleet.sessions).padStart(4)} sessions`)}  ${text}`);
  }
}

function unseen(parameter: ParameterName, n: number, what: string, expected: ExperimentConclusion): SeenExperiment {
  return { id: `experiment/${parameter}/${n}`, what, expected, status: null, decisive: null, wasEnded: false };
}
