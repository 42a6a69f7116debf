import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { applyEvent } from '../../../domain/signals.js';
import { assessRisk } from '../../../domain/risk.js';
import { flipBit, newFolder, removeFolders, TestSession } from './session.js';

let session: TestSession;
beforeEach(() => {
  session = new TestSession();
  session.write('a.ts');
  session.say('one');
});
afterEach(removeFolders);

describe('a checkpoint', () => {
  it('says what it is of, and is announced with its duration', async () => {
    const announced: [number, string][] = [];
    session.manager.on('checkpoint_created', (durationMs, { id }) => announced.push([durationMs, id]));
    session.signals = applyEvent(session.signals, { kind: 'tool_started', callId: 'c1', tool: 'Bash', summary: 'make' }, 5);
    const manifest = await session.checkpoint();
    expect(manifest).toMatchObject({ id: 'ck-0001', trigger: 'milestone', epoch: 1, transcript: { messages: 1 }, tree: { files: 1, userHead: null, userIndex: null } });
    expect(manifest.pending).toEqual([{ callId: 'c1', tool: 'Bash', summary: 'make', startedAtMs: 5 }]);
    expect(announced).toEqual([[expect.any(Number), 'ck-0001']]);
    expect(session.manager.newest).toBe(manifest);
  });

  it('is not made anew where neither tree nor transcript has changed', async () => {
    const first = await session.checkpoint();
    expect(await session.manager.create('user_requested', session.context())).toBe(first);
    session.write('a.ts');
    expect(await session.checkpoint()).toBe(first);
    expect(session.created).toHaveLength(1);
  });

  it('is made anew where only the tree, or only the transcript has changed', async () => {
    await session.checkpoint();
    session.say('two');
    expect((await session.checkpoint()).id).toBe('ck-0002');
    session.write('b.ts');
    expect((await session.checkpoint()).id).toBe('ck-0003');
  });

  it('is made anew where the last one was damaged', async () => {
    const first = await session.checkpoint();
    flipBit(session.manifestPath(first));
    expect((await session.checkpoint()).id).toBe('ck-0002');
  });

  it('can be asked for many times at once: one is made, whole', async () => {
    const all = await Promise.all(Array.from({ length: 5 }, () => session.checkpoint()));
    expect(new Set(all.map(({ id }) => id))).toEqual(new Set(['ck-0001']));
    expect(await session.manager.repository.verify('ck-0001')).toBeNull();
    expect(session.failures).toEqual([]);
  });

  it('is taken up by the next manager of the same folder', async () => {
    const first = await session.checkpoint();
    const next = session.newManager();
    expect((await next.load()).manifest).toEqual(first);
    expect(await session.checkpoint(next)).toEqual(first);
    session.say('two');
    expect(await session.checkpoint(next)).toMatchObject({ id: 'ck-0002', transcript: { generation: 1, messages: 2 } });
  });
});

describe('a checkpoint that cannot be made', () => {
  it('is announced with its reason, and the next one is made', async () => {
    rmSync(session.tree, { recursive: true });
    expect(await session.manager.create('milestone', session.context())).toBeNull();
    expect(session.failures).toMatchObject([{ name: 'CheckpointError', failure: 'git_failed' }]);
    session.write('a.ts');
    expect((await session.checkpoint()).id).toBe('ck-0001');
  });

  it('for want of a git is announced as such', async () => {
    const path = process.env['PATH'];
    process.env['PATH'] = newFolder();
    try {
      expect(await session.manager.create('milestone', session.context())).toBeNull();
    } finally {
      process.env['PATH'] = path;
    }
    expect(session.failures[0]?.message).toContain('git cannot be started');
    expect((await session.checkpoint()).id).toBe('ck-0001');
  });

  // A file system of one's own takes root's rights.
  it.skipIf(process.getuid?.() !== 0)('for want of room leaves no half of it, and the one before stands', async () => {
    const disk = newFolder();
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', disk]);
    try {
      const full = new TestSession(disk);
      full.write('a.ts');
      full.say('one');
      const first = await full.checkpoint();
      full.write('big.bin', Buffer.from(Array.from({ length: 3_000_000 }, () => Math.floor(Math.random() * 256))));
      writeFileSync(join(disk, 'filler'), Buffer.alloc(2_500_000));
      expect(await full.manager.create('milestone', full.context())).toBeNull();
      expect(full.failures).toMatchObject([{ failure: 'disk_full' }]);
      expect(readdirSync(full.folder).filter((name) => name.startsWith('ck-'))).toEqual(['ck-0001']);
      expect(await full.manager.repository.latestValid()).toEqual({ manifest: first, rejected: [] });
      rmSync(join(disk, 'filler'));
      rmSync(join(full.tree, 'big.bin'));
      full.write('b.ts');
      expect((await full.checkpoint()).id).toBe('ck-0002');
      expect(await full.manager.repository.verify('ck-0002')).toBeNull();
    } finally {
      execFileSync('umount', [disk]);
    }
    expect(existsSync(disk)).toBe(true);
  });
});

describe('whether one is due', () => {
  it('goes by the interval as it was last set', () => {
    const nowMs = Date.now() + 3 * 60_000;
    const risk = assessRisk(session.signals, 1_000, 0.75);
    expect(session.manager.due(session.signals, risk, nowMs)).toBeNull();
    session.manager.setInterval(2);
    expect(session.manager.due(session.signals, risk, nowMs)).toBe('time_interval');
    expect(session.manager.due(session.signals, risk, nowMs + 1_000)).toBeNull();
  });

  it('takes into account what was made for other reasons', async () => {
    const startedMs = Date.now();
    await session.checkpoint();
    const risk = assessRisk(session.signals, 1_000, 0.75);
    expect(session.manager.due(session.signals, risk, startedMs + 10 * 60_000 - 1)).toBeNull();
    expect(session.manager.due(session.signals, risk, Date.now() + 10 * 60_000)).toBe('time_interval');
  });
});
