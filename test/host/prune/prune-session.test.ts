import { existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { pruneArchive } from '../../../host/prune/prune-archive.js';
import { pruneSession, type PruneRules } from '../../../host/prune/prune-session.js';
import { holdFolder } from '../../../host/rest-lock.js';
import { SessionFolder } from '../../../host/session-folder.js';
import { startRequest, starts, useLocalHost } from '../../support/local-host.js';
import { photograph } from '../checkpoints/session.js';
import { KeptSession } from '../restore/session.js';

const dayMs = 86_400_000;
const lastTwo: PruneRules = { retention: { last: 2, hourly: 0, daily: 0 }, closedForMs: 30 * dayMs };

let session: KeptSession;
beforeEach(() => {
  session = new KeptSession();
});
afterEach(() => session.remove());

const allIn = (folder: string) => readdirSync(folder, { recursive: true, encoding: 'utf8' }).toSorted();
const prune = (rules = lastTwo, isDryRun = false) => pruneSession(session.home, session.folder, rules, isDryRun);

async function fiveCheckpoints() {
  for (let at = 1; at <= 5; at += 1) {
    session.write('a.ts', `${at}\n`.repeat(5_000 * at));
    await session.checkpoint();
  }
}

/** Closed so many days ago. */
function closed(state: 'completed' | 'stopped', daysAgo: number): void {
  session.folder.writeState({ state, reason: 'by a test', atMs: Date.now() - daysAgo * dayMs, epoch: 1 });
  writeFileSync(join(session.folder.attempt(1).path, 'stdout'), 'x'.repeat(100_000));
}

describe('pruning a session', () => {
  it('that is paused takes its old checkpoints and what they alone needed, and nothing else', async () => {
    await fiveCheckpoints();
    writeFileSync(join(session.folder.attempt(1).path, 'stdout'), 'kept');
    mkdirSync(join(session.folder.checkpointsPath, 'verify-interrupted'));
    const tree = photograph(session.tree);
    const pruned = await prune();
    expect(pruned).toMatchObject({ checkpoints: ['ck-0001', 'ck-0002', 'ck-0003'], outputs: 0, isFolderGone: false, skipped: null });
    expect(pruned.bytes).toBeGreaterThan(0);
    expect(readdirSync(session.folder.checkpointsPath).toSorted()).toEqual(['ck-0004', 'ck-0005', 'git']);
    expect(await session.manager.repository.verify('ck-0004')).toBeNull();
    expect(await session.manager.repository.verify('ck-0005')).toBeNull();
    expect(existsSync(join(session.folder.attempt(1).path, 'stdout'))).toBe(true);
    expect(photograph(session.tree)).toEqual(tree);
  });

  it('keeps what is pinned, as the salvage of a restore', async () => {
    await fiveCheckpoints();
    await session.manager.repository.pin('ck-0001');
    expect((await prune()).checkpoints).toEqual(['ck-0002', 'ck-0003']);
  });

  it('says what it would take, and takes nothing, on a dry run', async () => {
    await fiveCheckpoints();
    closed('stopped', 40);
    await session.folder.writeTombstone(session.spec.sessionId, 'by a test');
    const before = allIn(session.folder.path);
    expect(await prune(lastTwo, true)).toMatchObject({ isFolderGone: true, bytes: expect.any(Number) as number });
    session.rests('paused');
    const told = await prune(lastTwo, true);
    expect(told.checkpoints).toEqual(['ck-0001', 'ck-0002', 'ck-0003']);
    expect(allIn(session.folder.path).filter((path) => !path.startsWith('rest.lock'))).toEqual(before);
    expect((await prune(lastTwo)).bytes).toBe(told.bytes);
  });

  it('that closed lately takes the output of its attempts, and keeps their records', async () => {
    await fiveCheckpoints();
    closed('completed', 1);
    expect(await prune()).toMatchObject({ checkpoints: ['ck-0001', 'ck-0002', 'ck-0003'], outputs: 1, isFolderGone: false });
    expect(session.folder.attempt(1).report()).toMatchObject({ exitClass: 'stopped' });
    expect((await prune()).outputs).toBe(0);
  });

  it('that completed long ago takes its folder', async () => {
    await fiveCheckpoints();
    closed('completed', 31);
    expect(await prune()).toMatchObject({ isFolderGone: true });
    expect(existsSync(session.folder.path)).toBe(false);
    expect(readdirSync(join(session.home, 'archive'))).toEqual([]);
  });

  it('that was stopped long ago leaves its tombstone, and still never starts', async () => {
    await fiveCheckpoints();
    closed('stopped', 31);
    await session.folder.writeTombstone(session.spec.sessionId, 'by a test');
    expect(await prune()).toMatchObject({ isFolderGone: true });
    expect(readdirSync(session.folder.path).filter((name) => !name.startsWith('rest.lock'))).toEqual(['tombstone.json']);
    expect(session.folder.tombstone()).toMatchObject({ sessionId: session.spec.sessionId });
    expect(await prune()).toMatchObject({ skipped: 'there is nothing of it but its tombstone' });
  });

  it.each(['running', 'backing_off', 'waiting_for_limit', 'starting'] as const)('that is %s leaves it alone, however old', async (state) => {
    await fiveCheckpoints();
    session.folder.writeState({ state, reason: 'by a test', atMs: 0, epoch: 1 });
    const before = photograph(session.folder.path);
    expect(await prune({ ...lastTwo, closedForMs: 0 })).toMatchObject({ checkpoints: [], skipped: expect.stringContaining('not at rest') as string });
    expect([...photograph(session.folder.path).keys()].filter((path) => !path.includes('rest.lock'))).toEqual([...before.keys()]);
  });

  it.each(['paused', 'failed'] as const)('that is %s keeps its folder, however old', async (state) => {
    await fiveCheckpoints();
    session.folder.writeState({ state, reason: 'by a test', atMs: 0, epoch: 1 });
    expect(await prune({ ...lastTwo, closedForMs: 0 })).toMatchObject({ isFolderGone: false });
    expect(session.folder.spec()).toEqual(session.spec);
  });

  it('that somebody else holds leaves it alone', async () => {
    await fiveCheckpoints();
    const held = holdFolder(session.folder);
    expect(await prune()).toMatchObject({ skipped: expect.stringContaining('works on the files') as string });
    held.release();
    expect((await prune()).checkpoints).toHaveLength(3);
  });
});

describe('a tombstone that a pruning has left', () => {
  const local = useLocalHost();

  it('keeps its session from starting, and gives way to a new one of that name', async () => {
    const host = local.newHost();
    const spec = local.newSpec('old');
    const input = startRequest(spec, 1);
    await host.startAgent(input);
    await starts(spec, 1);
    await host.stopAgent({ ...input, mode: 'stop', reason: 'by a test' });
    const folder = new SessionFolder(local.home, 'old');
    folder.writeState({ state: 'stopped', reason: 'by a test', atMs: 0, epoch: 1 });
    expect(await pruneSession(local.home, folder, lastTwo, false)).toMatchObject({ isFolderGone: true });
    await expect(host.startAgent(startRequest(spec, 2))).rejects.toMatchObject({ code: 'SessionStopped' });
    const next = local.newSpec('old');
    const held = holdFolder(folder);
    await expect(host.startAgent(startRequest(next, 1))).rejects.toMatchObject({ code: 'HeldAtRest' });
    held.release();
    await host.startAgent(startRequest(next, 1));
    expect(folder.spec()?.sessionId).toBe(next.sessionId);
  });
});

describe('pruning the archive', () => {
  it('takes what was put there long ago, and the remains of a pruning that was interrupted', async () => {
    const archive = join(session.home, 'archive');
    for (const name of ['earlier', '.removed-x']) mkdirSync(join(archive, name), { recursive: true });
    writeFileSync(join(archive, 'earlier', 'spec.json'), 'x'.repeat(10_000));
    utimesSync(join(archive, 'earlier'), 0, 0);
    expect(await pruneArchive(session.home, dayMs, false)).toMatchObject({ folders: ['.removed-x'] });
    expect(await pruneArchive(session.home, -1, true)).toMatchObject({ folders: ['earlier'] });
    const { folders, bytes } = await pruneArchive(session.home, -1, false);
    expect(folders).toEqual(['earlier']);
    expect(bytes).toBeGreaterThanOrEqual(10_000);
    expect(readdirSync(archive)).toEqual([]);
  });
});
