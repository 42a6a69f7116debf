import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { refuseWhileHeld, holdAtRest } from '../../../host/rest-lock.js';
import { restoreSession } from '../../../host/restore/restore-session.js';
import { startRequest, starts, useLocalHost } from '../../support/local-host.js';
import { SessionFolder } from '../../../host/session-folder.js';
import { flipBit, photograph, userGit } from '../checkpoints/session.js';
import { KeptSession } from './session.js';

let session: KeptSession;
beforeEach(() => {
  session = new KeptSession();
});
afterEach(() => session.remove());

const read = (path: string) => readFileSync(join(session.tree, path), 'utf8');
const restore = (id: string | null, target: Parameters<typeof restoreSession>[3] = { kind: 'folder', folder: null }) => restoreSession(session.folder, session.spec, id, target);

async function twoCheckpoints() {
  session.write('src/a.ts', 'first\n');
  session.write('run.sh', 'first\n');
  chmodSync(join(session.tree, 'run.sh'), 0o755);
  session.say('one');
  const first = await session.checkpoint();
  session.write('src/a.ts', 'second\n');
  session.write('new.ts', 'new\n');
  session.say('two');
  return { first, second: await session.checkpoint() };
}

describe('a checkpoint restored into a folder', () => {
  it('lies beside the own one with its conversation, and nothing of the own one is touched', async () => {
    const { first, second } = await twoCheckpoints();
    const before = photograph(session.tree);
    const restored = await restore(first.id);
    expect(restored).toMatchObject({ checkpoint: first.id, kind: 'folder', folder: `${session.tree}-${first.id}`, files: 2, messages: 1, over: null });
    expect(readFileSync(join(restored.folder, 'src/a.ts'), 'utf8')).toBe('first\n');
    expect(statSync(join(restored.folder, 'run.sh')).mode & 0o111).not.toBe(0);
    expect(existsSync(join(restored.folder, 'new.ts'))).toBe(false);
    expect(readFileSync(restored.transcript ?? '', 'utf8')).toBe(readFileSync(session.transcript, 'utf8').split('\n').slice(0, 1).join('\n') + '\n');
    expect(photograph(session.tree)).toEqual(before);
    expect((await restore(null)).checkpoint).toBe(second.id);
    expect((await restore(first.id)).folder).toBe(`${session.tree}-${first.id}-2`);
  });

  it('says how a person goes on with the conversation, and the commands do that', async () => {
    const { first } = await twoCheckpoints();
    const { resumeByHand, folder, transcript } = await restore(first.id);
    expect(resumeByHand.at(-1)).toBe(`claude --resume ${session.conversationId}`);
    const place = join(session.base, 'claude', 'projects', folder.replace(/[^A-Za-z0-9]/g, '-'), `${session.conversationId}.jsonl`);
    execFileSync('/bin/sh', ['-ec', resumeByHand.slice(0, -1).join('\n')]);
    expect(readFileSync(place, 'utf8')).toBe(readFileSync(transcript ?? '', 'utf8'));
  });

  it('has the conversation whole, though the own transcript was cut since', async () => {
    const { second } = await twoCheckpoints();
    truncateSync(session.transcript);
    const restored = await restore(null);
    expect(restored).toMatchObject({ checkpoint: second.id, messages: 2 });
    expect(readFileSync(restored.transcript ?? '', 'utf8').trimEnd().split('\n')).toHaveLength(2);
  });

  it('is refused where the folder holds anything, or is the own one', async () => {
    const { first } = await twoCheckpoints();
    const folder = join(session.base, 'taken');
    mkdirSync(folder);
    writeFileSync(join(folder, 'mine'), '');
    await expect(restore(first.id, { kind: 'folder', folder })).rejects.toThrow('is not empty');
    await expect(restore(first.id, { kind: 'folder', folder: session.tree })).rejects.toThrow('--force');
    expect(readdirSync(folder)).toEqual(['mine']);
    expect(read('src/a.ts')).toBe('second\n');
  });

  it('is written wholly or not at all, and what is altered is named', async () => {
    const { second } = await twoCheckpoints();
    const object = userGit(session.tree, 'hash-object', 'src/a.ts');
    flipBit(join(session.folder.checkpointsPath, 'git', 'objects', object.slice(0, 2), object.slice(2)));
    await expect(restore(second.id)).rejects.toThrow(/git checkout-index|src\/a.ts/);
    expect(existsSync(`${session.tree}-${second.id}`)).toBe(false);
  });

  it.each([
    ['that is not there', 'ck-0009', 'ck-0009 of kept cannot be used: it has no manifest'],
    ['of a session that has none', null, 'has no checkpoint that can be used'],
  ])('%s is refused with where to look', async (_what, id, message) => {
    await expect(restore(id)).rejects.toThrow(message);
  });

  it('can be a work tree of the own repository, with HEAD, what was staged, and what was untracked', async () => {
    session.write('a.ts', 'committed\n');
    userGit(session.tree, 'init', '-q');
    userGit(session.tree, 'add', '-A');
    userGit(session.tree, 'commit', '-qm', 'first');
    session.write('a.ts', 'staged\n');
    userGit(session.tree, 'add', 'a.ts');
    session.write('a.ts', 'and changed again\n');
    session.write('untracked.ts');
    const manifest = await session.checkpoint();
    const status = userGit(session.tree, 'status', '--porcelain');
    userGit(session.tree, 'commit', '-qam', 'later');
    const own = photograph(session.tree);
    const { folder, kind } = await restore(manifest.id, { kind: 'worktree', folder: null });
    expect(kind).toBe('worktree');
    expect(userGit(folder, 'rev-parse', 'HEAD')).toBe(manifest.tree.userHead);
    expect(userGit(folder, 'status', '--porcelain')).toBe(status);
    expect(readFileSync(join(folder, 'a.ts'), 'utf8')).toBe('and changed again\n');
    const changed = [...photograph(session.tree)].filter(([path, seen]) => own.get(path) !== seen).map(([path]) => path.slice(session.tree.length + 1));
    expect(changed.filter((path) => path !== '.git' && !path.startsWith('.git/worktrees'))).toEqual([]);
  });

  it('is no work tree where the project is no repository, and nothing is left of the try', async () => {
    const { first } = await twoCheckpoints();
    await expect(restore(first.id, { kind: 'worktree', folder: null })).rejects.toThrow('leave --worktree out');
    expect(readdirSync(session.base).toSorted()).toEqual(['claude', 'home', 'project']);
  });
});

describe('a checkpoint restored over the own folder', () => {
  const over = { kind: 'tree' } as const;

  it('brings back what was, leaves what it does not know, and can itself be undone', async () => {
    const { first } = await twoCheckpoints();
    session.write('src/a.ts', 'third, in no checkpoint\n');
    const restored = await restore(first.id, over);
    expect(read('src/a.ts')).toBe('first\n');
    expect(read('new.ts')).toBe('new\n');
    expect(restored.over).toMatchObject({ written: 1, unchanged: 1, copied: 0, refused: [], salvage: { checkpoint: 'ck-0003', copies: null }, left: { total: 1, paths: ['new.ts'] } });
    await session.newManager().prune({ last: 0, hourly: 0, daily: 0, bytes: 0 });
    expect((await restore('ck-0003', over)).over?.written).toBe(1);
    expect(read('src/a.ts')).toBe('third, in no checkpoint\n');
  });

  it('keeps plain copies of what no checkpoint holds: what is ignored by now, too large, or secret', async () => {
    session.write('notes.txt', 'old notes\n');
    session.write('data.bin', 'small\n');
    const first = await session.checkpoint();
    rmSync(join(session.tree, 'notes.txt'));
    await session.checkpoint();
    session.write('.gitignore', 'notes.txt\n');
    session.write('notes.txt', 'hours of work, ignored\n');
    session.write('data.bin', Buffer.alloc(6 * 1_048_576, 7));
    session.write('.env', 'KEY=secret\n');
    const { over: done } = await restore(first.id, over);
    expect(done).toMatchObject({ written: 2, copied: 2 });
    const copies = done?.salvage.copies ?? '';
    expect(readFileSync(join(copies, 'notes.txt'), 'utf8')).toBe('hours of work, ignored\n');
    expect(statSync(join(copies, 'data.bin')).size).toBe(6 * 1_048_576);
    expect(read('notes.txt')).toBe('old notes\n');
    expect(read('.env')).toBe('KEY=secret\n');
  });

  it('writes nothing through a link, in the place of a folder, or into .git, and says so', async () => {
    session.write('lib/x.ts');
    session.write('file');
    session.write('dir/in');
    userGit(session.tree, 'init', '-q');
    const first = await session.checkpoint();
    const outside = join(session.base, 'outside');
    mkdirSync(outside);
    writeFileSync(join(outside, 'x.ts'), 'of somebody else\n');
    rmSync(join(session.tree, 'lib'), { recursive: true });
    symlinkSync(outside, join(session.tree, 'lib'));
    rmSync(join(session.tree, 'file'));
    session.write('file/now-a-folder');
    rmSync(join(session.tree, 'dir'), { recursive: true });
    session.write('dir');
    const git = photograph(join(session.tree, '.git'));
    const { over: done } = await restore(first.id, over);
    expect(done?.refused.toSorted((a, b) => (a.path < b.path ? -1 : 1))).toEqual([
      { path: 'dir/in', reason: 'the file dir is in its place' },
      { path: 'file', reason: 'a folder is in its place' },
      { path: 'lib/x.ts', reason: 'the link lib is in its place' },
    ]);
    expect(readFileSync(join(outside, 'x.ts'), 'utf8')).toBe('of somebody else\n');
    expect(read('file/now-a-folder')).toBe('content of file/now-a-folder\n');
    expect(photograph(join(session.tree, '.git'))).toEqual(git);
  });

  it('keeps the rights of a file, but for the executable bit, and makes links links', async () => {
    session.write('private', 'one\n');
    chmodSync(join(session.tree, 'private'), 0o600);
    session.write('script', 'one\n');
    chmodSync(join(session.tree, 'script'), 0o750);
    symlinkSync('private', join(session.tree, 'link'));
    const first = await session.checkpoint();
    session.write('private', 'two\n');
    session.write('script', 'two\n');
    chmodSync(join(session.tree, 'script'), 0o640);
    rmSync(join(session.tree, 'link'));
    session.write('link', 'a file now\n');
    await restore(first.id, over);
    expect(statSync(join(session.tree, 'private')).mode & 0o777).toBe(0o600);
    expect(statSync(join(session.tree, 'script')).mode & 0o777).toBe(0o750);
    expect(read('link')).toBe('one\n');
    expect(readdirSync(session.tree).toSorted()).toEqual(['link', 'private', 'script']);
  });

  it('touches nothing where the checkpoint is not whole, or no salvage copy can be made', async () => {
    const { second } = await twoCheckpoints();
    session.write('src/a.ts', 'third\n');
    const before = photograph(session.tree);
    const object = userGit(session.tree, 'hash-object', 'new.ts');
    const path = join(session.folder.checkpointsPath, 'git', 'objects', object.slice(0, 2), object.slice(2));
    const whole = readFileSync(path);
    flipBit(path);
    await expect(restore(second.id, over)).rejects.toThrow();
    writeFileSync(path, whole);
    rmSync(join(session.folder.checkpointsPath, 'git', 'index'), { force: true });
    mkdirSync(join(session.folder.checkpointsPath, 'git', 'index.lock', 'in-the-way'), { recursive: true });
    await expect(restore(second.id, over)).rejects.toThrow('was left as it is: no salvage copy');
    expect(photograph(session.tree)).toEqual(before);
    expect(readdirSync(join(session.folder.path, 'salvage'))).toEqual([]);
  });

  it.each(['running', 'backing_off', 'starting'] as const)('is refused where the session was last known to be %s', async (state) => {
    const { first } = await twoCheckpoints();
    session.rests(state);
    await expect(restore(first.id, over)).rejects.toThrow('pause it first: shim pause kept');
    expect(read('src/a.ts')).toBe('second\n');
  });

  it('is refused where the session was resumed since it was paused', async () => {
    const { first } = await twoCheckpoints();
    session.folder.attempt(2).create(session.attemptRecord(2));
    await expect(restore(first.id, over)).rejects.toThrow('is not at rest');
  });

  it('is refused while another process works on the same files', async () => {
    const { first } = await twoCheckpoints();
    const held = holdAtRest(session.folder);
    await expect(restore(first.id, over)).rejects.toThrow(`process ${process.pid} works on the files of kept`);
    held.release();
    expect((await restore(first.id, over)).over?.written).toBe(1);
  });
});

describe('a session that is held at rest', () => {
  const local = useLocalHost();

  it('is not started, until that is over', async () => {
    const host = local.newHost();
    const spec = local.newSpec('held');
    const input = startRequest(spec, 1);
    await host.startAgent(input);
    await starts(spec, 1);
    const folder = new SessionFolder(local.home, 'held');
    expect(() => holdAtRest(folder)).toThrow('held is running; pause it first: shim pause held');
    await host.stopAgent({ ...input, mode: 'pause', reason: 'by a test' });
    expect(() => holdAtRest(folder)).toThrow('held is not at rest');
    folder.writeState({ state: 'paused', reason: 'by a test', atMs: Date.now(), epoch: 1 });
    const held = holdAtRest(folder);
    await expect(host.startAgent(startRequest(spec, 2))).rejects.toMatchObject({ code: 'HeldAtRest' });
    expect(folder.epochs()).toEqual([1]);
    held.release();
    await host.startAgent(startRequest(spec, 2));
    expect(await starts(spec, 2)).toHaveLength(2);
  });

  it('by a process that was killed is free again', () => {
    holdAtRest(session.folder).release();
    writeFileSync(join(session.folder.path, 'rest.lock.json'), JSON.stringify({ pid: 1, since: new Date().toISOString() }));
    refuseWhileHeld(session.folder);
    expect(existsSync(join(session.folder.path, 'rest.lock.json'))).toBe(false);
  });
});
