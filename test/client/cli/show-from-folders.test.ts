import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runCli } from '../built-cli.js';
import { writeClosedSession } from '../fixture-session.js';

let home: string;

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'shim-cli-'));
  const folder = await writeClosedSession(home);
  writeFileSync(join(folder.logPath, 'session.log'), '2026-01-02T03:04:05.000Z 1 out | one\n2026-01-02T03:04:06.000Z 2 out | two\n2026-01-02T03:04:07.000Z 2 err | three\n');
});
afterAll(() => {
  rmSync(home, { recursive: true });
});

const run = (...argv: string[]) => runCli(argv, { SHIM_HOME: home });

it('shows all sessions from the folders while Temporal is down, and says so', async () => {
  const { exitCode, stdout, stderr } = await run('status');
  expect(exitCode).toBe(0);
  expect(stderr).toBe('shim: nothing is running; run: shim up. This is what the folders on this machine tell');
  expect(stdout).toMatch(/^NAME +AGENT +STATE[^\n]*\nfix +command +stopped +2 /);
});

it('shows that there are none before there is a folder, and makes none', async () => {
  const missing = join(home, 'not-yet');
  expect(await runCli(['status'], { SHIM_HOME: missing })).toMatchObject({ exitCode: 0, stdout: 'no sessions; start one: shim run -- CMD' });
  expect(existsSync(missing)).toBe(false);
});

it('gives a script what it needs of one session', async () => {
  const { stdout } = await run('status', 'fix', '--json');
  expect(JSON.parse(stdout)).toMatchObject({ name: 'fix', agent: 'command', state: 'stopped', pid: null, host: 'host-1', attempt: 2, restarts: 1, risk: null, lastCheckpoint: null, startedAt: '2026-01-02T03:04:05.000Z', source: 'folder' });
});

it('shows the history of a closed session', async () => {
  const { stdout } = await run('history', 'fix');
  expect(stdout.split('\n')).toEqual([expect.stringMatching(/^ATTEMPT +BEGUN +BY +LASTED +END/), expect.stringMatching(/^1 .*fresh +30 s +killed +ended by SIGKILL +restart at once/), expect.stringMatching(/^2 .*fork +30 s +stopped/)]);
});

it('explains a closed session', async () => {
  const { exitCode, stdout } = await run('why', 'fix');
  expect(exitCode).toBe(0);
  expect(stdout).toContain('Cause of death   killed: ended by SIGKILL (SIGKILL)');
});

it('gives the receipt as JSON', async () => {
  const { stdout } = await run('why', 'fix', '--json');
  expect(JSON.parse(stdout)).toMatchObject({ receipt: { epoch: 2, strategy: 'fork' }, lastEnd: { exitClass: 'stopped' } });
});

it('shows the log, of one attempt and its last lines', async () => {
  expect((await run('logs', 'fix')).stdout).toBe('1 out | one\n2 out | two\n2 err | three');
  expect((await run('logs', 'fix', '--attempt', '2', '--tail', '1')).stdout).toBe('2 err | three');
});

it('says that a session has no checkpoints yet', async () => {
  expect((await run('checkpoints', 'fix')).stdout).toBe('no checkpoints yet');
});

it('says that there is no such attempt to show the log of', async () => {
  const { exitCode, stderr } = await run('logs', 'fix', '--attempt', '9');
  expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: 'shim: --attempt: fix has had 2 attempts, and none is number 9; see: shim history fix' });
});
