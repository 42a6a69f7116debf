import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CheckpointVerifier } from '../../host/checkpoint-verifier.js';
import type { HostContext, HostEvents } from '../../host/host-context.js';
import { useLocalHost } from '../support/local-host.js';
import { flipBit, userGit } from './checkpoints/session.js';
import { KeptSession } from './restore/session.js';

const local = useLocalHost();
let session: KeptSession;
beforeEach(() => {
  session = new KeptSession();
});
afterEach(() => session.remove());

function listening(): { host: HostContext; told: HostEvents['checkpoint_verified'][0][] } {
  const host = { ...local.contextOf(), home: session.home };
  const told: HostEvents['checkpoint_verified'][0][] = [];
  host.events.on('checkpoint_verified', (about) => told.push(about));
  return { host, told };
}

describe('a host that verifies a checkpoint at random', () => {
  it('finds nothing to verify where there is none', async () => {
    const { host, told } = listening();
    expect(await new CheckpointVerifier(host, 0).verifyOne()).toBeNull();
    expect(told).toEqual([]);
  });

  it('comes to each in time, and says that it is whole', async () => {
    for (const text of ['one', 'two', 'three']) {
      session.write('a.ts', text);
      await session.checkpoint();
    }
    const { host, told } = listening();
    for (const random of [0, 0.5, 0.99]) expect(await new CheckpointVerifier(host, 0, () => random).verifyOne()).toMatchObject({ problem: null });
    expect(told).toEqual(['ck-0001', 'ck-0002', 'ck-0003'].map((id) => ({ name: 'kept', id, result: 'whole', problem: null })));
  });

  it('says what is bad, and a resume goes by the one before', async () => {
    session.write('a.ts', 'one');
    const first = await session.checkpoint();
    session.write('a.ts', 'two');
    const second = await session.checkpoint();
    const blob = userGit(session.tree, 'hash-object', 'a.ts');
    flipBit(join(session.folder.checkpointsPath, 'git', 'objects', blob.slice(0, 2), blob.slice(2)));
    const { host, told } = listening();
    await new CheckpointVerifier(host, 0, () => 0.99).verifyOne();
    expect(told).toEqual([{ name: 'kept', id: second.id, result: 'bad', problem: 'a.ts is missing from its tree or was altered' }]);
    expect((await session.newManager().load()).manifest?.id).toBe(first.id);
  });

  it('calls none bad where git does not work', async () => {
    session.write('a.ts');
    await session.checkpoint();
    rmSync(join(session.folder.checkpointsPath, 'git', 'HEAD'));
    const { host, told } = listening();
    await new CheckpointVerifier(host, 0, () => 0).verifyOne();
    expect(told).toMatchObject([{ id: 'ck-0001', result: 'unfinished', problem: expect.stringContaining('git rev-parse') as string }]);
    expect(await session.manager.repository.isValid('ck-0001')).toBe(true);
  });

  it('does so by itself, again and again, until it is stopped', async () => {
    session.write('a.ts');
    await session.checkpoint();
    const { host, told } = listening();
    const verifier = new CheckpointVerifier(host, 5);
    verifier.start();
    await expect.poll(() => told.length, { interval: 5, timeout: 20_000 }).toBeGreaterThanOrEqual(2);
    verifier.stop();
    expect(new Set(told.map(({ result }) => result))).toEqual(new Set(['whole']));
  });
});
