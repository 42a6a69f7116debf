import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AutoExperimentEngine } from '../../client/auto-experiment-engine.js';
import { BadInputError, NoKaizenError, ShimDownError } from '../../client/errors.js';
import { KaizenWorld } from '../support/kaizen/kaizen-world.js';

const home = mkdtempSync(join(tmpdir(), 'shim-engine-'));
let world: KaizenWorld;
beforeAll(async () => {
  world = await KaizenWorld.create();
});
afterAll(async () => {
  await world.environment.close();
  rmSync(home, { recursive: true, force: true });
});

function anEngine(scope: string): AutoExperimentEngine {
  return new AutoExperimentEngine({ home, scope, by: 'ada', environment: { TEMPORAL_ADDRESS: world.environment.address } });
}

describe('the engine of experiments', () => {
  it('starts the loop, is told how it stands, makes it look, and ends it', async () => {
    const engine = anEngine('one');
    await expect(engine.status()).rejects.toBeInstanceOf(NoKaizenError);
    expect(await engine.start({ atOnce: 2 })).toMatchObject({ scope: 'one', state: 'running', settings: { atOnce: 2, lookEveryMs: 3_600_000 } });
    await engine.nudge();
    expect(await engine.start({ atOnce: 3 })).toMatchObject({ settings: { atOnce: 3 } });
    expect(await engine.stop()).toMatchObject({ state: 'stopped', reason: expect.stringContaining('stopped by ada') as string });
  });

  it('of two programs is one loop', async () => {
    const engines = [anEngine('shared'), anEngine('shared')];
    await Promise.all(engines.map((engine) => engine.start()));
    await engines[0]?.stop();
    expect(await engines[1]?.status()).toMatchObject({ state: 'stopped' });
  });

  it('starts nothing with settings that cannot be', async () => {
    const engine = anEngine('bad');
    await expect(engine.start({ atOnce: 0 })).rejects.toThrow(BadInputError);
    await expect(engine.status()).rejects.toBeInstanceOf(NoKaizenError);
  });

  it('says that nothing is running where nothing is', async () => {
    await expect(new AutoExperimentEngine({ home, environment: {} }).status()).rejects.toBeInstanceOf(ShimDownError);
  });
});
