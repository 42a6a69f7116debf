import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Installation } from '../../support/installation.js';
import { runCli } from '../built-cli.js';

const installation = new Installation();
const run = (...argv: string[]) => runCli(argv, { SHIM_HOME: installation.home, USER: 'tester' });
const json = async (...argv: string[]) => JSON.parse((await run(...argv, '--json')).stdout) as Record<string, unknown>;

beforeAll(() => installation.up());
afterAll(() => installation.remove());

describe('shim parameter', () => {
  it('shows a default that nobody has touched', async () => {
    expect(await json('parameter', 'hang_timeout')).toMatchObject({ name: 'hang_timeout', value: 600_000, version: 0, mode: 'observe', holder: null });
    expect((await run('parameters')).stdout).toMatch(/hang_timeout +10m +observe/);
  });

  it('sets a value by hand, which a new session runs with, and keeps who and why', async () => {
    expect((await run('parameter', 'hang-timeout', 'set', '90s', '--reason', 'our agents are quick')).stdout).toMatch(/value +1m 30s \(default 10m; last known good 1m 30s\)/);
    expect((await run('parameter', 'hang_timeout', 'history')).stdout).toMatch(/1m 30s +tester +our agents are quick/);
    const session = await installation.startScripted('reads-it', ['--items', '1', '--step-ms', '10']);
    await installation.client.waitForState(session.name, ['completed'], 30_000);
    expect((await installation.client.status(session.name)).parameters.hangTimeoutMs).toBe(90_000);
  });

  it('freezes and unfreezes it, and changes its mode', async () => {
    expect((await run('parameter', 'backoff_base', 'freeze', '--reason', 'hands off')).stdout).toMatch(/frozen +by tester: hands off/);
    expect(await json('parameter', 'backoff_base', 'unfreeze')).toMatchObject({ frozen: null });
    expect(await json('parameter', 'backoff_base', 'mode', 'auto')).toMatchObject({ mode: 'auto' });
  });
});

describe('shim kaizen', () => {
  it('says that it was never started, and how to start it', async () => {
    expect(await run('kaizen')).toMatchObject({ exitCode: 3, stderr: 'shim: the kaizen loop was never started; run: shim kaizen start' });
  });

  it('starts, tells for each rule why it found nothing, and stops', async () => {
    expect(await json('kaizen', 'start', '--look-every', '1h')).toMatchObject({ state: 'running', settings: { lookEveryMs: 3_600_000 } });
    await expect.poll(async () => (await run('kaizen')).stdout, { timeout: 20_000 }).toMatch(/crash_rate +not_enough_data/);
    expect(await json('kaizen', 'stop')).toMatchObject({ state: 'stopped' });
  });
});

describe('an experiment by hand', () => {
  it('takes the parameter, is shown, can be aborted, and has a report of one page', async () => {
    expect((await run('experiments')).stdout).toContain('no experiments yet');
    const { id } = await json('try', 'danger_zone', '0.6', '--hypothesis', 'earlier is safer');
    expect(id).toBe('experiment/danger_zone/1');
    await expect.poll(async () => (await json('experiments', 'danger_zone/1'))['phase'], { timeout: 20_000 }).toBe('running');
    expect(await json('parameter', 'danger_zone')).toMatchObject({ value: 0.75, holder: id });
    expect((await run('try', 'danger_zone', '0.75')).stderr).toContain('danger_zone is 0.75 already');
    const aborted = await run('experiment', 'danger_zone/1', 'abort', '--reason', 'seen enough');
    expect(aborted.exitCode).toBe(0);
    await expect.poll(async () => (await json('experiments', 'danger_zone/1'))['conclusion'], { timeout: 20_000 }).toBe('aborted');
    expect(await json('parameter', 'danger_zone')).toMatchObject({ value: 0.75, holder: null });
    expect((await run('experiments')).stdout).toMatch(/danger_zone\/1 +0\.75 -> 0\.6 +aborted/);
    const path = join(installation.folder, 'report.html');
    expect((await run('report', 'danger_zone/1', '--output', path)).stdout).toBe(path);
    expect(readFileSync(path, 'utf8')).toContain('earlier is safer');
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('that is not there is told by the exit code', async () => {
    expect(await run('experiments', 'danger_zone/99')).toMatchObject({ exitCode: 3, stderr: 'shim: there is no experiment experiment/danger_zone/99; shim experiments shows all' });
    expect((await run('report', 'danger_zone/99')).exitCode).toBe(3);
  });
});
