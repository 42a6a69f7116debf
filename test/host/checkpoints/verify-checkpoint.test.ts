import { chmodSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { verifyCheckpoint } from '../../../host/checkpoints/verify-checkpoint.js';
import { flipBit, newFolder, removeFolders, TestSession, userGit } from './session.js';

let session: TestSession;
let scratch: string;
beforeEach(() => {
  session = new TestSession();
  scratch = newFolder();
});
afterEach(removeFolders);

const verify = (id: string, signal?: AbortSignal) => verifyCheckpoint(session.manager.repository, session.manager.shadow, id, scratch, signal);

/** Two checkpoints of a tree with all that a tree can hold, and of a conversation with a line that does not parse. */
async function twoCheckpoints() {
  session.write('src/a.ts', 'first\n');
  session.write('empty', '');
  session.write('run.sh');
  chmodSync(join(session.tree, 'run.sh'), 0o755);
  symlinkSync('../outside', join(session.tree, 'link'));
  writeFileSync(Buffer.concat([Buffer.from(`${session.tree}/latin-`), Buffer.from([0xe9])]), 'é');
  session.say('one');
  const first = await session.checkpoint();
  session.write('src/a.ts', 'second\n');
  writeFileSync(session.transcript, `${readFileSync(session.transcript, 'utf8')}{torn\n`);
  session.say('two');
  return { first, second: await session.checkpoint() };
}

describe('a checkpoint proved by restoring it', () => {
  it('is whole, and nothing of the proof is left', async () => {
    const { first, second } = await twoCheckpoints();
    expect(await verify(first.id)).toMatchObject({ id: first.id, problem: null, files: 5 });
    expect(await verify(second.id)).toMatchObject({ problem: null, files: 5 });
    expect(readdirSync(scratch)).toEqual([]);
  });

  it('is bad where a file was altered, is then used by no resume, and the next checkpoint is whole again', async () => {
    const { first, second } = await twoCheckpoints();
    flipBit(session.objectPath(userGit(session.tree, 'hash-object', 'src/a.ts')));
    const { repository } = session.manager;
    expect((await repository.latestValid()).manifest?.id).toBe(second.id);
    expect(await verify(second.id)).toMatchObject({ problem: 'src/a.ts is missing from its tree or was altered' });
    expect(await repository.latestValid()).toMatchObject({ manifest: { id: first.id }, rejected: [{ id: second.id, reason: 'a verification has found it bad: src/a.ts is missing from its tree or was altered' }] });
    const third = await session.checkpoint();
    expect(third.id).toBe('ck-0003');
    expect(await verify(third.id)).toMatchObject({ problem: null });
    expect((await repository.latestValid()).manifest?.id).toBe(third.id);
  });

  it('is good again where what it lacked is there again', async () => {
    const { second } = await twoCheckpoints();
    const blob = session.objectPath(userGit(session.tree, 'hash-object', 'src/a.ts'));
    const whole = readFileSync(blob);
    rmSync(blob);
    expect((await verify(second.id))?.problem).not.toBeNull();
    writeFileSync(blob, whole);
    expect(await verify(second.id)).toMatchObject({ problem: null });
    expect((await session.manager.repository.latestValid()).manifest?.id).toBe(second.id);
  });

  it('can be one of an empty folder', async () => {
    const empty = await session.checkpoint();
    expect(await verify(empty.id)).toMatchObject({ problem: null, files: 0 });
  });

  it('is bad where a stretch of the conversation is missing', async () => {
    const { second } = await twoCheckpoints();
    const segments = join(session.folder, 'transcript', '1');
    rmSync(join(segments, readdirSync(segments).find((name) => name.startsWith('0-')) ?? ''));
    expect((await verify(second.id))?.problem).toMatch(/^transcript segment 0-.* is missing/);
  });

  it('that was pruned is not marked', async () => {
    const { first } = await twoCheckpoints();
    await session.manager.prune({ last: 1, hourly: 0, daily: 0 });
    expect(await verify(first.id)).toMatchObject({ problem: 'it has no manifest: its making was interrupted' });
    expect(readdirSync(session.folder).filter((name) => name.endsWith('.bad'))).toEqual([]);
  });

  it('is given up once its time is over, and nothing of it is left', async () => {
    const { second } = await twoCheckpoints();
    await expect(verify(second.id, AbortSignal.abort(new Error('its time is over')))).rejects.toThrow('its time is over');
    expect(readdirSync(scratch)).toEqual([]);
  });
});

describe('pruning', () => {
  it('takes a bad checkpoint and its mark once a newer one is valid, and never counts it as the newest', async () => {
    const { first, second } = await twoCheckpoints();
    await session.manager.repository.mark(second.id, 'bad');
    expect(await session.manager.prune({ last: 5, hourly: 0, daily: 0 })).toEqual([]);
    expect((await session.manager.repository.latestValid()).manifest?.id).toBe(first.id);
    session.write('c.ts');
    const third = await session.checkpoint();
    expect(await session.manager.prune({ last: 5, hourly: 0, daily: 0 })).toEqual([second.id]);
    expect(readdirSync(session.folder).filter((name) => name.startsWith('ck-'))).toEqual([first.id, third.id]);
  });
});
