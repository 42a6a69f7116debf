import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { longestManifest } from '../../../host/checkpoints/manifest-record.js';
import { flipBit, removeFolders, TestSession, userGit } from './session.js';

let session: TestSession;
beforeEach(() => {
  session = new TestSession();
});
afterEach(removeFolders);

const everything = { last: 100, hourly: 0, daily: 0, bytes: 1e9 };

async function twoCheckpoints() {
  session.write('a.ts', 'first\n');
  session.say('one');
  const first = await session.checkpoint();
  session.write('a.ts', 'second\n');
  session.say('two');
  return { first, second: await session.checkpoint() };
}

describe('the newest valid checkpoint', () => {
  it('is the newest one, when all is well', async () => {
    const { second } = await twoCheckpoints();
    expect(await session.manager.repository.latestValid()).toEqual({ manifest: second, rejected: [] });
  });

  it('is none in a session without any', async () => {
    expect(await session.manager.repository.latestValid()).toEqual({ manifest: null, rejected: [] });
  });

  it('is the one before wherever the newest manifest is torn', async () => {
    const { first, second } = await twoCheckpoints();
    const path = session.manifestPath(second);
    const whole = readFileSync(path);
    const cuts = [...Array.from({ length: 80 }, (_, at) => whole.length - 1 - at), ...Array.from({ length: 40 }, (_, at) => Math.floor((at / 40) * whole.length))];
    for (const cut of cuts) {
      writeFileSync(path, whole.subarray(0, cut));
      const found = await session.manager.repository.latestValid();
      expect([cut, found.manifest?.id, found.rejected.map(({ id }) => id)]).toEqual([cut, first.id, [second.id]]);
    }
    writeFileSync(path, whole);
    expect((await session.manager.repository.latestValid()).manifest).toEqual(second);
  });

  it('is the one before wherever a bit of the newest manifest is turned over', async () => {
    const { first, second } = await twoCheckpoints();
    const path = session.manifestPath(second);
    const { size } = statSync(path);
    for (let at = 0; at < size; at += 37) {
      flipBit(path, at);
      expect([at, (await session.manager.repository.latestValid()).manifest?.id]).toEqual([at, first.id]);
      flipBit(path, at);
    }
  });

  it('is the one before where the root tree is altered or missing', async () => {
    const { first, second } = await twoCheckpoints();
    const object = session.objectPath(second.tree.root);
    const whole = readFileSync(object);
    for (const damage of [() => flipBit(object), () => truncateSync(object, 10), () => rmSync(object)]) {
      damage();
      expect(await session.manager.repository.latestValid()).toEqual({ manifest: first, rejected: [{ id: second.id, reason: 'its tree is missing or was altered' }] });
      rmSync(object, { force: true });
      writeFileSync(object, whole);
    }
  });

  it('is the one before where another object, whole in itself, lies in the place of its root tree', async () => {
    const { first, second } = await twoCheckpoints();
    rmSync(session.objectPath(second.tree.root));
    copyFileSync(session.objectPath(first.tree.root), session.objectPath(second.tree.root));
    expect((await session.manager.repository.latestValid()).manifest).toEqual(first);
  });

  it('is the one before where its making was interrupted', async () => {
    const { second } = await twoCheckpoints();
    mkdirSync(join(session.folder, 'ck-0003'));
    const found = await session.manager.repository.latestValid();
    expect(found.manifest).toEqual(second);
    expect(found.rejected).toEqual([{ id: 'ck-0003', reason: 'it has no manifest: its making was interrupted' }]);
    session.write('b.ts');
    expect((await session.checkpoint()).id).toBe('ck-0004');
  });

  it('is one whose transcript still begins as it did', async () => {
    const { first, second } = await twoCheckpoints();
    truncateSync(session.transcript, first.transcript?.validatedBytes);
    expect(await session.manager.repository.latestValid()).toEqual({ manifest: first, rejected: [{ id: second.id, reason: 'the transcript no longer begins with what it recorded' }] });
  });

  it('is looked for among a bounded number', async () => {
    const { second } = await twoCheckpoints();
    flipBit(session.manifestPath(second));
    expect((await session.manager.repository.latestValid(1)).manifest).toBeNull();
  });
});

describe('a checkpoint checked to the last byte', () => {
  it('is found altered in a file, a folder, or a transcript segment', async () => {
    session.write('src/a.ts');
    const { second } = await twoCheckpoints();
    const { repository } = session.manager;
    expect(await repository.verify(second.id)).toBeNull();
    const blob = session.objectPath(userGit(session.tree, 'hash-object', 'src/a.ts'));
    flipBit(blob);
    expect(await repository.verify(second.id)).toBe('src/a.ts is missing from its tree or was altered');
    flipBit(blob);
    const segment = join(session.folder, 'transcript', '1', readdirSync(join(session.folder, 'transcript', '1')).find((name) => name.startsWith('0-')) ?? '');
    flipBit(segment);
    expect(await repository.verify(second.id)).toMatch(/^transcript segment 0-.* is missing or was altered$/);
    flipBit(segment);
    expect(await repository.verify(second.id)).toBeNull();
  });

  it('that is not there is said to have no manifest', async () => {
    expect(await session.manager.repository.verify('ck-0009')).toContain('no manifest');
  });
});

describe('a manifest', () => {
  it('has at most 100 KB, also where all that it lists is long', async () => {
    for (let at = 0; at < 150; at += 1) session.write(`${'d'.repeat(200)}/${'日'.repeat(60)}-${at}.pem`);
    const pending = Array.from({ length: 500 }, (_, at) => ({ callId: `call-${at}`, tool: 'Bash', summary: '日'.repeat(500), startedAtMs: 1 }));
    session.signals = { ...session.signals, pending };
    const context = session.context();
    const manifest = await session.manager.create('milestone', { ...context, launch: { ...context.launch, argv: Array.from({ length: 100 }, () => 'x'.repeat(10_000)) } });
    expect(session.failures).toEqual([]);
    expect(statSync(session.manifestPath({ id: manifest?.id ?? '' })).size).toBeLessThanOrEqual(longestManifest);
    expect((await session.manager.repository.latestValid()).manifest?.pending.at(-1)?.callId).toBe('call-499');
    expect(manifest?.tree.skippedTotal).toBe(150);
  });

  it('and its folders are for their owner alone', async () => {
    const { second } = await twoCheckpoints();
    expect(statSync(session.manifestPath(second)).mode & 0o777).toBe(0o600);
    for (const folder of ['', 'git', 'transcript', second.id]) expect(statSync(join(session.folder, folder)).mode & 0o777).toBe(0o700);
  });
});

describe('pruning', () => {
  async function make(count: number) {
    for (let at = 0; at < count; at += 1) {
      session.write('a.ts', `${at}\n`.repeat(2_000));
      await session.checkpoint();
    }
  }

  it('keeps the last ones whole and frees what only the others needed', async () => {
    await make(6);
    const before = session.created.map(({ tree }) => tree.root);
    expect(await session.manager.prune({ ...everything, last: 2 })).toEqual(['ck-0001', 'ck-0002', 'ck-0003', 'ck-0004']);
    const { repository, shadow } = session.manager;
    expect(await repository.verify('ck-0005')).toBeNull();
    expect(await repository.verify('ck-0006')).toBeNull();
    expect(await Promise.all(before.map((root) => shadow.hasRoot(root)))).toEqual([false, false, false, false, true, true]);
    expect((await repository.list()).manifests.map(({ id }) => id)).toEqual(['ck-0005', 'ck-0006']);
  });

  it('never takes the newest valid one, nor a pinned one, whatever they take on disk', async () => {
    await make(5);
    await session.manager.repository.pin('ck-0002');
    flipBit(session.manifestPath({ id: 'ck-0005' }));
    await session.manager.prune({ last: 0, hourly: 0, daily: 0, bytes: 0 });
    const { manifest, rejected } = await session.manager.repository.latestValid();
    expect([manifest?.id, rejected.map(({ id }) => id)]).toEqual(['ck-0004', ['ck-0005']]);
    expect((await session.manager.repository.list()).manifests.map(({ id }) => id)).toEqual(['ck-0002', 'ck-0004']);
    await session.manager.repository.unpin('ck-0002');
    expect(await session.manager.prune({ last: 0, hourly: 0, daily: 0, bytes: 0 })).toEqual(['ck-0002']);
  });

  it('takes the oldest where all together take too much', async () => {
    await make(4);
    expect(await session.manager.prune({ ...everything, bytes: 1 })).toEqual(['ck-0001', 'ck-0002', 'ck-0003']);
    expect(await session.manager.repository.verify('ck-0004')).toBeNull();
  });

  it('takes the remains of interrupted ones, and the generations of the transcript that none needs', async () => {
    await twoCheckpoints();
    mkdirSync(join(session.folder, 'ck-0003'));
    writeFileSync(session.transcript, '');
    session.say('another conversation');
    const third = await session.checkpoint();
    expect(third.transcript?.generation).toBe(2);
    expect((await session.manager.prune({ ...everything, last: 1 })).toSorted()).toEqual(['ck-0001', 'ck-0002', 'ck-0003']);
    expect(readdirSync(join(session.folder, 'transcript'))).toEqual(['2']);
    expect(await session.manager.repository.verify(third.id)).toBeNull();
  });

  it('comes by itself, once a number of checkpoints were made', async () => {
    await make(8);
    const old = session.created.map(({ id }) => id);
    for (const id of old) {
      const path = session.manifestPath({ id });
      const [json = ''] = readFileSync(path, 'utf8').split('\n');
      const aged = json.replace(/"createdAt":"[^"]*"/, '"createdAt":"2020-01-01T00:00:00.000Z"');
      writeFileSync(path, `${aged}\n${createHash('sha256').update(aged).digest('hex')}\n`);
    }
    for (let at = 0; at < 12; at += 1) {
      session.write('b.ts', `${at}\n`);
      await session.checkpoint();
    }
    // One of that hour and day stays, and the newest five of today's.
    await expect.poll(() => readdirSync(session.folder).filter((name) => name.startsWith('ck-')).toSorted(), { timeout: 20_000 }).toEqual(['ck-0008', 'ck-0016', 'ck-0017', 'ck-0018', 'ck-0019', 'ck-0020']);
  });

  it('leaves later checkpoints possible', async () => {
    await make(3);
    await session.manager.prune({ ...everything, last: 1 });
    session.write('a.ts', '0\n'.repeat(2_000));
    const again = await session.checkpoint();
    expect(again.tree.root).toBe(session.created[0]?.tree.root);
    expect(await session.manager.repository.verify(again.id)).toBeNull();
  });
});
