import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readService } from '../../workers/embedded/keeper.js';
import { runCli } from '../client/built-cli.js';
import { GuardedTemporal } from '../support/guarded-temporal.js';
import { Installation, until } from '../support/installation.js';
import { knownPid } from '../support/known-pid.js';

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

describe.skipIf(!hasOpenssl)("a Temporal of one's own, behind TLS and an API key", { timeout: 180_000 }, () => {
  /** Its Temporal alone is used; workers of its own would take the sessions. */
  const cluster = new Installation();
  const key = 'an-api-key-of-the-test';
  const home = join(cluster.folder, 'other-home');
  let guarded: GuardedTemporal;
  const run = (argv: string[], withKey = key) => runCli(argv, { SHIM_HOME: home, ...guarded.environment(withKey) });

  beforeAll(async () => {
    await cluster.up();
    for (const name of ['control-worker', 'host-worker'] as const) process.kill(knownPid(readService(cluster.home, name).keeperPid), 'SIGTERM');
    await until(() => (['control-worker', 'host-worker'] as const).every((name) => readService(cluster.home, name).pid === null), 'the end of the workers');
    guarded = await GuardedTemporal.start(cluster.client.address, key);
  }, 180_000);
  afterAll(async () => {
    await run(['down']);
    await guarded.close();
    await cluster.up();
    await cluster.remove();
  }, 180_000);

  it('is what both workers and every command use, as the environment of the SDK says', async () => {
    const up = await run(['up']);
    expect(up).toMatchObject({ exitCode: 0 });
    expect(up.stdout).not.toContain('temporal ');
    expect(await run(['run', '--name', 'far', '--', 'sleep', '600'])).toMatchObject({ exitCode: 0 });
    expect((await run(['status'])).stdout).toMatch(/^far +command +running /m);
    expect(await run(['stop', 'far'])).toMatchObject({ exitCode: 0 });
    expect(guarded.calls).toEqual({ served: expect.any(Number), refused: 0 });
    expect(await cluster.history('far')).toContain('sleep');
  });

  it('that refuses the key is said not to answer', async () => {
    const { exitCode, stderr } = await run(['stop', 'far'], 'another-key');
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 4, stderr: expect.stringContaining('check TEMPORAL_ADDRESS') });
    expect(guarded.calls.refused).toBeGreaterThan(0);
  });
});
