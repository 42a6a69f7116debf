import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readOverview } from '../../host/overview.js';
import { readService } from '../../workers/embedded/keeper.js';
import { runCli } from '../client/built-cli.js';
import { Installation, until } from '../support/installation.js';

const shim = new Installation();
beforeAll(() => shim.up());
afterAll(() => shim.remove());

const status = (...argv: string[]) => runCli(['status', ...argv], { SHIM_HOME: shim.home });
const entry = (name: string) => readOverview(shim.home)?.attempts.find((attempt) => attempt.name === name);

describe('a look at all sessions', () => {
  it('tells of each what Temporal lists and what its host has written', async () => {
    const works = await shim.startScripted('works', ['--items', '1000', '--step-ms', '500']);
    await works.until('running');
    await until(() => entry('works')?.pid === works.pid(), 'works in the overview of its host');
    const { exitCode, stdout, stderr } = await status();
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toMatch(new RegExp(`^NAME +AGENT +STATE[^\\n]*\\nworks +command +running +1 +safe +[^ ]+(?: %)? +${works.pid()} .* first event seen$`));
  });

  it('says why one does not run', async () => {
    const paused = await shim.startScripted('paused', ['--items', '1000', '--step-ms', '500']);
    await paused.until('running');
    await shim.client.pause('paused', { by: 'a test' });
    await paused.until('paused');
    await until(() => entry('paused') === undefined, 'paused out of the overview');
    expect((await status()).stdout).toMatch(/^paused +command +paused +1 +- +- +- .* paused by a test$/m);
  });

  it('shows a closed one by its folder', async () => {
    const done = await shim.startScripted('done', ['--items', '1', '--step-ms', '1']);
    await done.until('completed');
    await until(() => done.folder.state()?.state === 'completed', 'the state of done on disk');
    expect((await status()).stdout).toMatch(/^done +command +completed +1 /m);
  });

  it('says so where the worker of a host is dead', async () => {
    const { pid, keeperPid } = readService(shim.home, 'host-worker');
    for (const service of [keeperPid, pid]) process.kill(service ?? 0, 'SIGKILL');
    await until(() => readService(shim.home, 'host-worker').pid === null, 'the end of the host worker');
    const { exitCode, stdout, stderr } = await status();
    expect(exitCode).toBe(0);
    expect(stderr).toMatch(/^shim: host [^ ]+: its worker does not run; attempts are shown as of 20[^ ]+Z; run: shim up$/);
    expect(stdout).toMatch(/^works +command +running +1 +safe .* host [^ ]+: its worker does not run/m);
    await shim.up();
  });
});
