import { statSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readService } from '../../workers/embedded/keeper.js';
import { runCli } from '../client/built-cli.js';
import { everyItemOnce, Installation, until } from '../support/installation.js';
import { knownPid } from '../support/known-pid.js';

const shim = new Installation();
beforeAll(() => shim.up());
afterAll(() => shim.remove());

const by = { by: 'ann' };
const run = (...argv: string[]) => runCli(argv, { SHIM_HOME: shim.home, USER: 'tester' });

describe('a session after another', () => {
  it('begins when the other one has completed, and not before', async () => {
    const first = await shim.startScripted('c-first', ['--items', '6', '--step-ms', '100']);
    const second = await shim.startScripted('c-second', ['--items', '2', '--step-ms', '10'], { after: first.name });
    expect(await second.until('waiting_for_session')).toMatchObject({ after: 'c-first', epoch: 0, reason: expect.stringMatching(/^waits until c-first has completed/) });
    await second.until('completed');
    expect([first.verify(6), second.verify(2)]).toEqual([everyItemOnce, everyItemOnce]);
    expect(statSync(second.ledger).birthtimeMs).toBeGreaterThanOrEqual(first.folder.attempt(1).report()?.endedAtMs ?? Infinity);
  });

  it('begins although the control worker was killed while the other one ended', async () => {
    const first = await shim.startScripted('k-first', ['--items', '3', '--step-ms', '100']);
    const second = await shim.startScripted('k-second', ['--items', '1', '--step-ms', '10'], { after: first.name });
    await second.until('waiting_for_session');
    await first.untilItem(3);
    const before = knownPid(readService(shim.home, 'control-worker').pid);
    process.kill(before, 'SIGKILL');
    await until(() => (readService(shim.home, 'control-worker').pid ?? before) !== before, 'a new control worker');
    await second.until('completed');
    expect(second.ends()).toEqual(['completed']);
  });

  it('is started anyway by shim resume, after one that was stopped', async () => {
    const first = await shim.startScripted('s-first', ['--items', '300', '--step-ms', '100']);
    const second = await shim.startScripted('s-second', ['--items', '1', '--step-ms', '10'], { after: first.name });
    await second.until('waiting_for_session');
    expect((await run('status', 's-second')).stdout).toMatch(/state +waiting_for_session: waits until s-first has completed[^]*after +s-first[^]*shim resume s-second/);
    await shim.client.stop(first.name, by);
    await first.until('stopped');
    expect((await run('why', 's-second')).stdout).toMatch(/s-first, which was stopped and will not complete/);
    expect(await run('resume', 's-second')).toMatchObject({ exitCode: 0 });
    await second.until('completed');
  });

  it('is refused where there is no such session, and where it would wait for itself', async () => {
    const start = (name: string, after: string) => run('run', '--no-wait', '--name', name, '--cwd', shim.folder, '--after', after, '--', 'true');
    expect(await start('r-second', 'r-first')).toMatchObject({ exitCode: 2, stderr: expect.stringMatching(/--after r-first: there is no such session; shim status shows all/) });
    expect(await start('r-self', 'r-self')).toMatchObject({ exitCode: 2, stderr: expect.stringMatching(/it would wait for itself: r-self after r-self/) });
    const first = await shim.startScripted('r-first', ['--items', '300', '--step-ms', '100']);
    expect(await start('r-second', 'r-first')).toMatchObject({ exitCode: 0 });
    await shim.client.stop(first.name, by);
    await first.until('stopped');
    expect(await start('r-first', 'r-second')).toMatchObject({ exitCode: 2, stderr: expect.stringMatching(/it would wait for itself: r-first after r-second after r-first/) });
  });
});
