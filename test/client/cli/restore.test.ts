import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CheckpointManifest } from '../../../domain/checkpoint.js';
import { flipBit, userGit } from '../../host/checkpoints/session.js';
import { KeptSession } from '../../host/restore/session.js';
import { runCli } from '../built-cli.js';

let session: KeptSession;
let first: CheckpointManifest;
beforeEach(async () => {
  session = new KeptSession();
  session.write('a.ts', 'first\n');
  session.say('one');
  first = await session.checkpoint();
  session.write('a.ts', 'second\n');
  await session.checkpoint();
});
afterEach(() => session.remove());

const run = (...argv: string[]) => runCli(argv, { SHIM_HOME: session.home });

describe('shim restore, with no service up', () => {
  it('writes a checkpoint beside, and says where its conversation is and how to go on', async () => {
    const { exitCode, stdout, stderr } = await run('restore', 'kept', 'ck-0001');
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    const folder = `${session.tree}-ck-0001`;
    expect(stdout.split('\n')).toEqual([
      `ck-0001 (${first.createdAt}): 1 file in ${folder}`,
      `conversation: 1 message in ${folder}.transcript.jsonl`,
      'to go on by hand, not beside the running session:',
      expect.stringMatching(/^ {2}mkdir -p /),
      expect.stringMatching(/^ {2}cp -n /),
      `  cd '${folder}'`,
      `  claude --resume ${session.conversationId}`,
    ]);
    expect(readFileSync(join(folder, 'a.ts'), 'utf8')).toBe('first\n');
  });

  it('says so where the folder cannot be made', async () => {
    expect(await run('restore', 'kept', '--to', '/proc/nowhere/deeper')).toMatchObject({ exitCode: 1, stderr: 'shim: /proc/nowhere cannot be made (ENOENT); name another folder: --to FOLDER' });
  });

  it('writes over the own folder with --force alone, and prints where the salvage is', async () => {
    session.write('a.ts', 'third\n');
    const { exitCode, stdout } = await run('restore', 'kept', 'ck-0001', '--force', '--json');
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ checkpoint: 'ck-0001', kind: 'tree', folder: session.tree, over: { written: 1, salvage: { checkpoint: 'ck-0003', copies: null } } });
    expect(readFileSync(join(session.tree, 'a.ts'), 'utf8')).toBe('first\n');
    expect((await run('checkpoints', 'kept')).stdout).toMatch(/ck-0003 .*salvage/);
  });

  it.each([
    [['restore', 'kept', '../x'], 2, /is no checkpoint, as ck-0007; see: shim checkpoints kept/],
    [['restore', '../x'], 2, /session name/],
    [['restore', 'kept', '--force', '--to', '/x'], 2, /leave --to and --worktree out/],
    [['restore', 'kept', 'ck-0099'], 1, /ck-0099 of kept cannot be used/],
    [['restore', 'kept', '--worktree'], 1, /leave --worktree out/],
    [['restore', 'nobody'], 3, /there is no session nobody/],
    [['checkpoint', 'kept', '--verify', 'x'], 2, /is no checkpoint, as ck-0007/],
    [['checkpoint', 'nobody', '--verify'], 3, /there is no session nobody/],
  ])('refuses %j with what to do', async (argv, code, message) => {
    const { exitCode, stderr } = await run(...argv);
    expect(exitCode).toBe(code);
    expect(stderr).toMatch(message);
  });

  it('does not write over a session that may start again', async () => {
    session.rests('backing_off');
    const { exitCode, stderr } = await run('restore', 'kept', '--force');
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: 'shim: kept is not at rest: it may start again by itself; pause it first: shim pause kept' });
  });
});

describe('shim checkpoint --verify, with no service up', () => {
  it('proves the newest one, or the one that is named', async () => {
    expect((await run('checkpoint', 'kept', '--verify')).stdout).toMatch(/^ck-0002 is whole: 1 file, 1 message, restored and compared in /);
    expect(JSON.parse((await run('checkpoint', 'kept', '--verify', 'ck-0001', '--json')).stdout)).toMatchObject({ name: 'kept', id: 'ck-0001', problem: null, files: 1 });
    expect(await run('checkpoint', 'kept', '--verify', 'ck-0009')).toMatchObject({ exitCode: 1, stderr: 'shim: kept has no checkpoint ck-0009; shim checkpoints kept lists them' });
  });

  it('fails on a bad one, which is listed as such', async () => {
    const blob = userGit(session.tree, 'hash-object', 'a.ts');
    flipBit(join(session.folder.checkpointsPath, 'git', 'objects', blob.slice(0, 2), blob.slice(2)));
    const { exitCode, stderr } = await run('checkpoint', 'kept', '--verify');
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: 'shim: ck-0002 of kept is bad: a.ts is missing from its tree or was altered' });
    expect((await run('checkpoints', 'kept')).stdout).toMatch(/ck-0002 .*bad, and used no more: a.ts is missing/);
    expect((await run('restore', 'kept', '--json')).stdout).toContain('"checkpoint": "ck-0001"');
    expect(existsSync(`${session.tree}-ck-0002`)).toBe(false);
  });
});
