import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Installation } from '../../support/installation.js';
import { runCli } from '../built-cli.js';

const installation = new Installation();
const environment = { SHIM_HOME: installation.home, USER: 'tester' };
const run = (...argv: string[]) => runCli(argv, environment);

beforeAll(async () => {
  await installation.up();
  await installation.startScripted('writes', ['--items', '200', '--step-ms', '500']);
  await installation.client.waitForState('writes', ['running'], 30_000);
});
afterAll(() => installation.remove());

describe('shim send', () => {
  it('keeps a prompt and says its place; status and queue show it', async () => {
    expect(await run('send', 'writes', 'then the changelog')).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^writes: prompt 1 is kept, number 1 of those that wait/) });
    expect((await run('status', 'writes')).stdout).toMatch(/prompts waiting +1; see: shim queue writes/);
    expect((await run('queue', 'writes')).stdout).toMatch(/1 +.*tester +waits +then the changelog/);
  });

  it('reads a prompt from stdin, whatever its lines', async () => {
    const { stdout } = await runCli(['send', 'writes', '-', '--json'], environment, '# Next\n\n- one\n- two\n');
    expect(JSON.parse(stdout)).toMatchObject({ name: 'writes', id: 2, place: 2, outcome: 'accepted' });
    expect(JSON.parse((await run('queue', 'writes', '--json')).stdout)).toMatchObject({ waiting: [{ id: 1, givenTo: null }, { id: 2, text: '# Next\n\n- one\n- two', by: 'tester' }] });
  });

  it.each([
    ['a key', 'use sk-ant-REDACTED-0123456789abcdef to log in'],
    ['a URL with a password on a line of its own', 'connect to\npostgres://me:hunter2secret@db/x\nand migrate'],
  ])('refuses %s, and nothing is sent', async (_what, prompt) => {
    expect(await run('send', 'writes', prompt)).toMatchObject({ exitCode: 2, stderr: expect.stringMatching(/looks as if it held a secret .*put it into a file/) });
    expect((await installation.client.prompts('writes')).waiting).toHaveLength(2);
  });

  it('refuses what is too long, and a session that is not there', async () => {
    expect(await runCli(['send', 'writes', '-'], environment, 'x'.repeat(70_000))).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(/70000 bytes, 65536 are allowed; put the rest into a file/) });
    expect(await run('send', 'nobody', 'hello')).toMatchObject({ exitCode: 3 });
  });
});

describe('shim queue', () => {
  it('takes a prompt out, once', async () => {
    expect(await run('queue', 'writes', 'remove', '1')).toMatchObject({ exitCode: 0, stdout: 'prompt 1 of writes is taken out' });
    expect(await run('queue', 'writes', 'remove', '1')).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(/does not wait \(any more\); see: shim queue writes/) });
    expect(await run('queue', 'writes', 'remove')).toMatchObject({ exitCode: 2, stderr: expect.stringMatching(/takes the number of a prompt/) });
  });
});
