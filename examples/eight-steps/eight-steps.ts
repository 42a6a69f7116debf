import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CheckpointManager, OpportunityDetector, SafetyBounds, SHIMMetrics, StatsigIntegration, type Opportunity } from '../../index.js';
import { seededRandom } from '../../domain/statistics/seeded-random.js';
import { recordedAttempts } from './recorded-attempts.js';

const sessionsEach = 120;
const manifestBytes = 4_000;
/** What the sessions of this example do: with more frequent checkpoints few of them crash. */
const chanceOfCrash = { control: 0.5, treatment: 0.03 };

/** The kaizen loop by hand, in the order of its eight steps, for a program that wants no Temporal: without a key, against a local server of Statsig's protocol. */
async function main(home: string): Promise<void> {
  const random = seededRandom(1);

  // 1 The metrics, which others may scrape.
  const metrics = new SHIMMetrics();
  const port = await metrics.startServer(0);
  say(1, `metrics at http://127.0.0.1:${port}/metrics`);
  for (const { report, checkpointsMs } of recordedAttempts()) {
    metrics.attemptEnded(report, 'command');
    for (const durationMs of checkpointsMs) metrics.checkpointCreated(durationMs, manifestBytes);
  }

  // 2 What could be better?
  const detector = new OpportunityDetector(metrics);
  const opportunities = (await detector.detectOpportunities()).filter(({ parameter }) => parameter === 'checkpoint_interval');
  const [opportunity] = opportunities as [Opportunity];
  say(2, `${opportunity.pattern}\n  ${opportunity.rationale}`);

  const statsig = new StatsigIntegration(undefined, { home });
  await statsig.initialize();
  const checkpoints = new CheckpointManager(join(home, 'checkpoints'), home, Number(opportunity.currentValue));
  try {
    // 3 One experiment for each.
    const [experiment] = await statsig.createExperiments(opportunities);
    if (!experiment) throw new Error('no experiment was made');
    say(3, `${experiment.name}: ${experiment.control.value} against ${experiment.treatment.value} minutes`);

    const seen = { control: 0, treatment: 0 };
    for (let n = 1; seen.control < sessionsEach || seen.treatment < sessionsEach; n += 1) {
      const sessionId = `session-${n}`;
      // 4 What is this session to run with?
      const variant = await statsig.getVariant('checkpoint_interval', sessionId);
      // 5 It runs with it.
      checkpoints.setInterval(Number(variant.value));
      await statsig.logExposure('checkpoint_interval', sessionId, variant.name);
      // 6 What it came to.
      if (random() < chanceOfCrash[variant.name]) await statsig.logEvent('crash_occurred', { interval: variant.value, sessionId });
      seen[variant.name] += 1;
    }
    say(6, `${seen.control + seen.treatment} sessions have run and told what they came to`);

    // 7 Is one of them better?
    const results = await statsig.getExperimentResults('checkpoint_interval');
    say(7, `crash rate ${percent(results.control.metrics.crash_rate)} of ${results.control.sampleSize} and ${percent(results.treatment.metrics.crash_rate)} of ${results.treatment.sampleSize}; p = ${results.pValue?.toPrecision(2)}; winner: ${results.winner ?? 'none'}`);

    // 8 Deployed only if no bound is broken; what breaks one is rolled back.
    const safety = new SafetyBounds({ crashRate: { max: 0.1 } }, { store: join(home, 'outcomes.db') });
    const { passed, reason } = await safety.validate(experiment, metrics);
    if (results.isSignificant && results.winner === 'treatment' && passed) {
      const deployed = await statsig.deployWinner('checkpoint_interval');
      say(8, deployed.deployed ? `deployed: ${deployed.previousValue} -> ${deployed.newValue} minutes` : `not deployed: ${deployed.reason}`);
    } else {
      await statsig.rollback('checkpoint_interval', reason);
      say(8, `rolled back: ${reason}`);
    }
    console.log(`a session from now on runs with ${(await statsig.getVariant('checkpoint_interval', 'session-later')).value} minutes`);
  } finally {
    await statsig.shutdown();
    await metrics.stopServer();
  }
}

function say(step: number, text: string): void {
  console.log(`${step}. ${text}`);
}

function percent(ratio: number | null): string {
  return ratio === null ? '-' : `${(ratio * 100).toFixed(1)} %`;
}

const home = mkdtempSync(join(tmpdir(), 'shim-eight-steps-'));
try {
  await main(home);
} finally {
  rmSync(home, { recursive: true, force: true });
}
