import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readOverview } from '../../host/overview.js';
import { readService } from '../../workers/embedded/keeper.js';
import { runCli } from '../client/built-cli.js';
import { everyItemOnce, Installation, until } from '../support/installation.js';
import { projectRoot } from '../support/project-root.js';
import { Terminal } from '../support/terminal.js';
import { knownPid } from '../support/known-pid.js';

const shim = new Installation();
beforeAll(() => shim.up());
afterAll(() => shim.remove());

const status = (...argv: string[]) => runCli(['status', ...argv], { SHIM_HOME: shim.home });
const entry = async (name: string) => (await readOverview(shim.home))?.attempts.find((attempt) => attempt.name === name);

describe('a look at all sessions', () => {
  it('tells of each what Temporal lists and what its host has written', async () => {
    const works = await shim.startScripted('works', ['--items', '1000', '--step-ms', '500']);
    await works.until('running');
    await until(async () => (await entry('works'))?.pid === works.pid(), 'works in the overview of its host');
    const { exitCode, stdout, stderr } = await status();
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toMatch(new RegExp(`^NAME +AGENT +STATE[^\\n]*\\nworks +command +running +1 +safe +[^ ]+(?: %)? +${works.pid()} .* first event seen$`));
  });

  it('says why one does not run', async () => {
    const paused = await shim.startScripted('paused', ['--items', '1000', '--step-ms', '500']);
    await paused.until('running');
    await shim.client.pause('paused', { by: 'a test' });
    await paused.until('paused');
    await until(async () => (await entry('paused')) === undefined, 'paused out of the overview');
    expect((await status()).stdout).toMatch(/^paused +command +paused +1 +- +- +- +ck-\d{4}, .* paused by a test$/m);
  });

  it('shows a closed one by its folder', async () => {
    const done = await shim.startScripted('done', ['--items', '1', '--step-ms', '1']);
    await done.until('completed');
    await until(() => done.folder.state()?.state === 'completed', 'the state of done on disk');
    expect((await status()).stdout).toMatch(/^done +command +completed +1 /m);
  });

  it('says so where the worker of a host is dead', async () => {
    const { pid, keeperPid } = readService(shim.home, 'host-worker');
    for (const service of [keeperPid, pid]) process.kill(knownPid(service), 'SIGKILL');
    await until(() => readService(shim.home, 'host-worker').pid === null, 'the end of the host worker');
    const { exitCode, stdout, stderr } = await status();
    expect(exitCode).toBe(0);
    expect(stderr).toMatch(/^shim: host [^ ]+: its worker does not run; attempts are shown as of 20[^ ]+Z; run: shim up$/);
    expect(stdout).toMatch(/^works +command +running +1 +safe .* host [^ ]+: its worker does not run/m);
    await shim.up();
  });
});

/** What a terminal is left as: the alternate screen left, the cursor shown, lines and echo on. */
// oxlint-disable-next-line no-control-regex -- they are what is looked for
const asBefore = /\u001b\[\?25h\u001b\[\?1049l[^]*ended (\d+)[^]*[^-]icanon[^]*[^-]echo /;

describe('shim top without a terminal', () => {
  it('prints all sessions once, as lines or as JSON', async () => {
    const printed = await runCli(['top'], { SHIM_HOME: shim.home });
    expect(printed).toMatchObject({ exitCode: 0, stderr: '', stdout: expect.stringMatching(/^2 sessions, 1 paused, 1 running.*\nNAME +STATE +RISK[^\n]*\npaused +paused[^\n]*\nworks +running +\w+ /) });
    const { stdout } = await runCli(['top', '--json'], { SHIM_HOME: shim.home });
    expect(JSON.parse(stdout)).toMatchObject({ sessions: [{ name: 'paused', state: 'paused', restarts: 0 }, { name: 'works', state: 'running', restarts: 0, attemptStartedAt: expect.any(String), tokens: expect.any(Number) }] });
  });
});

describe('shim top on a terminal', () => {
  const program = [process.execPath, join(projectRoot(), 'client', 'shim.mjs'), 'top'];
  const opened: Terminal[] = [];
  const open = (columns: number, rows: number, environment: Record<string, string>) => {
    const terminal = new Terminal({ columns, rows }, program, environment);
    opened.push(terminal);
    return terminal;
  };
  afterAll(() => opened.forEach((terminal) => terminal.close()));

  it('shows all sessions, acts by keys, and leaves the terminal as it was', async () => {
    const terminal = open(90, 20, { SHIM_HOME: shim.home });
    await terminal.until(/works +\S*running/);
    terminal.type('/works\r');
    await terminal.until(/only "works"/);
    terminal.type('c');
    await terminal.until(/the host is asked for a checkpoint/);
    terminal.type('s');
    await terminal.until(/stop works for good\?/);
    terminal.type('n');
    await terminal.until(/not stopped/);
    terminal.type('w');
    await terminal.until(/works \(command\) is running/);
    terminal.type('q');
    await terminal.until(/NAME/);
    terminal.type('l');
    await terminal.until(/out \|/);
    terminal.type('q');
    await terminal.until(/NAME/);
    terminal.type('q');
    expect((await terminal.until(asBefore))[1]).toBe('0');
    expect((await shim.client.status('works')).state).toBe('running');
  });

  it('gives it back when a signal ends it', async () => {
    const terminal = open(60, 15, { SHIM_HOME: shim.home, NO_COLOR: '1' });
    const [, pid] = await terminal.until(/pid (\d+)/);
    await terminal.until(/works +running/);
    process.kill(Number(pid), 'SIGTERM');
    expect((await terminal.until(asBefore))[1]).toBe('0');
    // oxlint-disable-next-line no-control-regex -- colours are what is looked for
    expect(terminal.shown).not.toMatch(/\u001b\[3\dm/);
  });

  it('gives it back when it fails, and says why', async () => {
    const home = join(shim.folder, 'broken');
    mkdirSync(home);
    writeFileSync(join(home, 'sessions'), 'no folder');
    const terminal = open(60, 15, { SHIM_HOME: home });
    expect((await terminal.until(asBefore))[1]).toBe('1');
    expect(terminal.shown).toMatch(/shim: .*broken cannot be used \(ENOTDIR.*; set SHIM_HOME to a folder of yours/);
  });
});

describe('shim restart', () => {
  const restart = (...argv: string[]) => runCli(['restart', ...argv], { SHIM_HOME: shim.home, USER: 'ann' });

  it('has several sessions go on in another attempt, whether they ran or were paused, and says of the others why not', async () => {
    const [runs, rests] = await Promise.all(['runs', 'rests'].map((name) => shim.startScripted(name, ['--items', '1000', '--step-ms', '200'])));
    await Promise.all([runs?.untilItem(2), rests?.untilItem(1)]);
    await shim.client.pause('rests', { by: 'a test' });
    await rests?.until('paused');
    const { exitCode, stdout, stderr } = await restart('runs', 'rests', 'done', 'runs', '--reason', 'new settings', '--json');
    expect(JSON.parse(stdout)).toEqual([
      expect.objectContaining({ name: 'runs', state: 'running', outcome: 'accepted' }),
      expect.objectContaining({ name: 'rests', state: 'running', outcome: 'accepted' }),
      { name: 'done', error: expect.stringContaining('done is completed') as string },
    ]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: expect.stringMatching(/^shim: done is completed .* will not return/m) as string });
    expect(await runs?.status()).toMatchObject({ epoch: 2, ends: [{ exitClass: 'stopped', reason: 'restart by ann: new settings', decision: 'restart' }], checkpoint: { id: expect.any(String) as string } });
    expect(await rests?.status()).toMatchObject({ epoch: 2, pauseReason: null });
    const item = (runs?.itemsDone() ?? 0) + 1;
    await runs?.untilItem(item, 'end');
    expect(runs?.verify(item)).toEqual(everyItemOnce);
  });

  it('tells apart a name that is none, and a session that is not there', async () => {
    expect(await restart('../x')).toMatchObject({ exitCode: 2 });
    expect(await restart('nobody')).toMatchObject({ exitCode: 3, stderr: expect.stringContaining('nobody') as string });
  });
});

describe('commands to several sessions', () => {
  const to = (command: string, ...argv: string[]) => runCli([command, ...argv], { SHIM_HOME: shim.home, USER: 'ann' });

  it('pause, resume and stop each, and say of the others why not', async () => {
    const pair = await Promise.all(['left', 'right'].map((name) => shim.startScripted(name, ['--items', '1000', '--step-ms', '200'])));
    await Promise.all(pair.map((session) => session.untilItem(1)));
    expect(await to('pause', 'left', 'right')).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^left is paused: .*\nright is paused: .*$/) as string });
    const resumed = await to('resume', 'right', 'left', '--json');
    expect(JSON.parse(resumed.stdout)).toEqual(['right', 'left'].map((name) => expect.objectContaining({ name, state: 'running' }) as object));
    const { exitCode, stdout, stderr } = await to('stop', 'left', 'nobody', 'right');
    expect({ exitCode, stdout, stderr }).toEqual({ exitCode: 3, stdout: expect.stringMatching(/^left is stopped: .*\nright is stopped: .*$/) as string, stderr: expect.stringContaining('nobody') as string });
    for (const session of pair) expect((await session.status()).state).toBe('stopped');
  });

  it('change none where one of the names is none', async () => {
    const session = await shim.startScripted('stays', ['--items', '1000', '--step-ms', '200']);
    await session.untilItem(1);
    expect(await to('stop', 'stays', '../x')).toMatchObject({ exitCode: 2 });
    expect((await session.status()).state).toBe('running');
    expect(JSON.parse((await to('stop', 'stays', '--json')).stdout)).toMatchObject({ name: 'stays', state: 'stopped' });
  });
});
