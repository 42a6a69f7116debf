import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openStore } from '../../../analytics/outcomes/open-store.js';
import { localConnection, newLocalKeys, writeLocalRecord } from '../../../analytics/statsig/local-record.js';
import { LocalStatsigServer } from '../../../analytics/statsig/local-server.js';
import { LocalStatsigStore } from '../../../analytics/statsig/local-store.js';
import { NoSuchExperimentError, NotInitializedError, ParameterBusyError, StatsigIntegration, StatsigKeyError, StatsigUnavailableError, WrongVariantError, type OpportunityToTest } from '../../../index.js';
import { isAlive, readProcessTable } from '../../../host/process/process-table.js';
import { poll } from '../../support/poll.js';
import { projectRoot } from '../../support/project-root.js';

const workersFolder = join(projectRoot(), 'dist', 'workers');
const opportunity: OpportunityToTest = { parameter: 'checkpoint_interval', hypothesis: 'more checkpoints lose less work', currentValue: 5, proposedValue: 3 };

let home = '';
let statsig: StatsigIntegration;

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'shim-integration-'));
  statsig = new StatsigIntegration(undefined, { home, workersFolder });
  await statsig.initialize();
});
afterEach(async () => {
  await statsig.shutdown();
  rmSync(home, { recursive: true, force: true });
});

/** Takes sessions in until both arms have so many. @returns them by arm. */
async function fill(each: number): Promise<{ control: string[]; treatment: string[] }> {
  const arms: { control: string[]; treatment: string[] } = { control: [], treatment: [] };
  for (let at = 0; arms.control.length < each || arms.treatment.length < each; at += 1) {
    const session = `session-${at}`;
    arms[(await statsig.getVariant('checkpoint_interval', session)).name].push(session);
  }
  return arms;
}

async function crash(sessions: readonly string[]): Promise<void> {
  for (const sessionId of sessions) await statsig.logEvent('crash_occurred', { interval: 5, sessionId });
}

describe('StatsigIntegration without a key', () => {
  it('makes an experiment with both values, its success metrics and names of their form', async () => {
    const made = await statsig.createExperiment(opportunity);
    expect(made).toEqual({
      id: expect.stringMatching(/^exp_\d+_[0-9a-z]+$/),
      name: expect.stringMatching(/^checkpoint_interval_optimization_\d+$/),
      control: { name: 'control', value: 5 },
      treatment: { name: 'treatment', value: 3 },
      successMetrics: ['crash_rate', 'crash_prediction_accuracy'],
      hypothesis: 'more checkpoints lose less work',
    });
  });

  it('makes several, on as many parameters; a second on the same one is refused', async () => {
    const made = await statsig.createExperiments([opportunity, { parameter: 'danger_zone', hypothesis: 'h', currentValue: 0.75, proposedValue: 0.6 }]);
    expect(made.map(({ treatment }) => treatment.value)).toEqual([3, 0.6]);
    await expect(statsig.createExperiment(opportunity)).rejects.toThrow(ParameterBusyError);
  });

  it('gives control and the current value outside an experiment, for every kind of parameter', async () => {
    expect(await statsig.getVariant('checkpoint_interval', 'session-123')).toEqual({ name: 'control', value: 10 });
    expect(await statsig.getVariant('restart_strategy', 'host-1')).toEqual({ name: 'control', value: 'parallel_init' });
  });

  it('gives a session one variant for good, and its value', async () => {
    await statsig.createExperiment(opportunity);
    const { control, treatment } = await fill(3);
    const again = async (sessions: string[]) => Promise.all(sessions.map((session) => statsig.getVariant('checkpoint_interval', session)));
    expect(await again(control)).toEqual(control.map(() => ({ name: 'control', value: 5 })));
    expect(await again(treatment)).toEqual(treatment.map(() => ({ name: 'treatment', value: 3 })));
  });

  it('logs an exposure to the arm that a session is in, and refuses another', async () => {
    await statsig.createExperiment(opportunity);
    const { treatment } = await fill(1);
    const [session = ''] = treatment;
    await statsig.logExposure('checkpoint_interval', session, 'treatment');
    await expect(statsig.logExposure('checkpoint_interval', session, 'control')).rejects.toThrow(WrongVariantError);
    await statsig.logExposure('danger_zone', 'session-123', 'control');
  });

  it('finds 12 crashes of 100 against 8 of 100 to be no difference: by Fisher p is .48', async () => {
    await statsig.createExperiment(opportunity);
    const { control, treatment } = await fill(100);
    await crash(control.slice(0, Math.round(control.length * 0.12)));
    await crash(treatment.slice(0, Math.round(treatment.length * 0.08)));
    const results = await statsig.getExperimentResults('checkpoint_interval');
    expect(results).toMatchObject({ isSignificant: false, winner: null, control: { sampleSize: control.length }, treatment: { sampleSize: treatment.length } });
    expect(results.control.metrics.crash_rate).toBeCloseTo(0.12, 2);
    expect(results.treatment.metrics.crash_rate).toBeCloseTo(0.08, 2);
    expect(results.pValue).toBeGreaterThan(0.3);
    expect(results.pValue).toBeLessThan(0.65);
    expect(await statsig.deployWinner('checkpoint_interval')).toEqual({ deployed: false, reason: expect.stringContaining('no difference in crash_rate is shown') });
  });

  it('shows what Pulse says of both arms beside its own results', async () => {
    await statsig.createExperiment(opportunity);
    const { control, treatment } = await fill(20);
    await crash(control.slice(0, 8));
    await crash(treatment.slice(0, 2));
    const { pulse } = await poll(
      () => statsig.getExperimentResults('checkpoint_interval'),
      (results) => results.pulse?.control.units === control.length && results.pulse.treatment.units === treatment.length && results.pulse.control.crashRate * control.length > 7.9 && results.pulse.treatment.crashRate * treatment.length > 1.9,
    );
    expect(pulse?.control.crashRate).toBeCloseTo(8 / control.length, 9);
    expect(pulse?.treatment.crashRate).toBeCloseTo(2 / treatment.length, 9);
  });

  it('deploys a winner to everybody, once, and takes it back', async () => {
    const { id } = await statsig.createExperiment(opportunity);
    const { control } = await fill(60);
    await crash(control.slice(0, 40));
    expect(await statsig.getExperimentResults('checkpoint_interval')).toMatchObject({ experimentId: id, isSignificant: true, winner: 'treatment' });
    const deployed = await statsig.deployWinner('checkpoint_interval');
    expect(deployed).toEqual({ deployed: true, variant: 'treatment', previousValue: 5, newValue: 3, deployedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) });
    expect(await statsig.getVariant('checkpoint_interval', 'a-new-session')).toEqual({ name: 'control', value: 3 });
    expect(await statsig.deployWinner('checkpoint_interval')).toMatchObject({ deployed: false });
    const restored = await statsig.rollback('checkpoint_interval', 'it regressed');
    expect(restored).toMatchObject({ experimentId: id, restoredValue: 5, reason: 'it regressed' });
    expect(await statsig.rollback(id, 'once more')).toMatchObject({ experimentId: id, restoredValue: 5 });
    expect(await statsig.getVariant('checkpoint_interval', 'a-newer-session')).toEqual({ name: 'control', value: 5 });
  });

  it('deploys nothing where control has won', async () => {
    await statsig.createExperiment(opportunity);
    const { treatment } = await fill(60);
    await crash(treatment.slice(0, 40));
    expect(await statsig.deployWinner('checkpoint_interval')).toEqual({ deployed: false, reason: expect.stringContaining('control is better') });
  });

  it('rolls a running experiment back, by its id: new sessions are in none', async () => {
    const { id } = await statsig.createExperiment(opportunity);
    await statsig.rollback(id, 'crash rate above 15 %');
    expect(await statsig.getVariant('checkpoint_interval', 'session-1')).toEqual({ name: 'control', value: 5 });
    await statsig.createExperiment(opportunity);
  });

  it('has results without a single session, and none where there was no experiment', async () => {
    await expect(statsig.getExperimentResults('checkpoint_interval')).rejects.toThrow(NoSuchExperimentError);
    await expect(statsig.deployWinner('danger_zone')).rejects.toThrow(NoSuchExperimentError);
    await expect(statsig.rollback('exp_1_unknown', 'why')).rejects.toThrow(NoSuchExperimentError);
    await statsig.createExperiment(opportunity);
    const results = await statsig.getExperimentResults('checkpoint_interval');
    expect(results).toMatchObject({ isSignificant: false, pValue: null, winner: null, control: { sampleSize: 0, metrics: { crash_rate: null } } });
  });

  it('tells Statsig of sessions, events and decisions before it ends, and leaves no process behind', async () => {
    const { name } = await statsig.createExperiment(opportunity);
    const { control } = await fill(60);
    await crash(control.slice(0, 40));
    await statsig.logEvent('checkpoint_created', { interval: 3, duration: 42 });
    await statsig.logEvent('restart_completed', { strategy: 'native', duration: 300, sessionId: 'session-1' });
    await statsig.deployWinner('checkpoint_interval');
    const children = [...readProcessTable().values()].filter(({ ppid }) => ppid === process.pid);
    await statsig.shutdown();
    expect(children.filter((child) => isAlive(child))).toEqual([]);
    const kept = new LocalStatsigStore(join(home, 'statsig.db'));
    expect(kept.events('crash_occurred')).toHaveLength(40);
    expect(kept.events('checkpoint_created')).toHaveLength(1);
    expect(kept.events('restart_completed')).toHaveLength(1);
    expect(kept.events('statsig::config_exposure').length).toBeGreaterThanOrEqual(120);
    expect(kept.experiments()).toMatchObject([{ name, status: 'decision_made' }]);
    expect(kept.dynamicConfigs()).toMatchObject([{ name: 'shim_checkpoint_interval', defaultValue: { value: 3 } }]);
    kept.close();
  });

  it('does nothing before it is initialized, nor after its end', async () => {
    const fresh = new StatsigIntegration(undefined, { home, workersFolder });
    await expect(fresh.getVariant('danger_zone', 'session-1')).rejects.toThrow(NotInitializedError);
    await statsig.shutdown();
    await expect(statsig.getVariant('danger_zone', 'session-1')).rejects.toThrow(NotInitializedError);
  });
});

describe('StatsigIntegration', () => {
  it('uses the local server that runs already, and leaves it running', async () => {
    const other = mkdtempSync(join(tmpdir(), 'shim-integration-'));
    mkdirSync(join(other, 'run'));
    const kept = new LocalStatsigStore(join(other, 'statsig.db'));
    const keys = newLocalKeys();
    const server = new LocalStatsigServer(kept, keys);
    const record = { port: await server.start(0), ...keys, pid: process.pid };
    writeLocalRecord(other, record);
    const beside = new StatsigIntegration(undefined, { home: other, workersFolder: join(other, 'no-programs') });
    await beside.initialize();
    const { name } = await beside.createExperiment(opportunity);
    await beside.shutdown();
    expect(kept.experiments().map((experiment) => experiment.name)).toEqual([name]);
    const withKey = new StatsigIntegration(keys.secretKey, { ...localConnection(record), home: other });
    await withKey.initialize();
    await expect(withKey.createExperiment(opportunity)).rejects.toThrow(ParameterBusyError);
    await withKey.shutdown();
    await server.stop();
    kept.close();
    rmSync(other, { recursive: true, force: true });
  });

  it('says which key it lacks, and that Statsig is away', async () => {
    await expect(new StatsigIntegration('secret-x', { home, consoleKey: '' }).initialize()).rejects.toThrow(StatsigKeyError);
    await expect(new StatsigIntegration('client-x', { home, consoleKey: 'console-x' }).initialize()).rejects.toThrow(StatsigKeyError);
    const store = await openStore(join(home, 'other.db'));
    const away = new StatsigIntegration('secret-x', { home, store, consoleKey: 'console-x', address: 'http://127.0.0.1:9' });
    await away.initialize();
    expect(await away.getVariant('danger_zone', 'session-1')).toEqual({ name: 'control', value: 0.75 });
    await expect(away.createExperiment(opportunity)).rejects.toThrow(StatsigUnavailableError);
    await away.shutdown();
    await store.close();
  });
});
