import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readProcess } from '../../host/process/process-table.js';
import { SessionFolder } from '../../host/session-folder.js';
import { startRequest, starts, useLocalHost } from '../support/local-host.js';

const local = useLocalHost();

describe('a disk without room for checkpoints', () => {
  it.skipIf(process.getuid?.() !== 0)('is told, and the session goes on, until there is room again', async () => {
    const context = local.contextOf();
    const failures: string[] = [];
    context.events.on('checkpoint_failed', ({ reason }) => failures.push(reason));
    const host = local.newHost(context);
    const spec = local.newSpec('full');
    const { checkpointsPath } = new SessionFolder(local.home, 'full');
    mkdirSync(checkpointsPath, { recursive: true });
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', checkpointsPath]);
    try {
      writeFileSync(join(checkpointsPath, 'filler'), Buffer.alloc(1_048_576));
      await host.startAgent(startRequest(spec, 1));
      const [pid = 0] = await starts(spec, 1);
      await expect.poll(() => failures.length, { interval: 5, timeout: 20_000 }).toBeGreaterThan(0);
      expect(failures[0]).toContain('the disk is full');
      expect(readProcess(pid)?.state).toMatch(/[RS]/);
      execFileSync('umount', [checkpointsPath]);
      const [runner] = host.liveRunners;
      expect(await runner?.checkpoint('user_requested')).toMatchObject({ id: 'ck-0001' });
      await runner?.end({ exitClass: 'stopped', reason: 'end of the test' }, { checkpointFirst: false, graceMs: 0 });
    } finally {
      execFileSync('sh', ['-c', 'umount "$0" 2> /dev/null || true', checkpointsPath]);
    }
  });
});

describe('a disk without room for a report', () => {
  it.skipIf(process.getuid?.() !== 0)('has no folder of an attempt that could not begin, which begins once there is room', async () => {
    const host = local.newHost();
    const spec = local.newSpec('begins-full');
    const folder = new SessionFolder(local.home, 'begins-full');
    folder.create(spec);
    const attempts = join(folder.path, 'attempts');
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', attempts]);
    try {
      const filler = join(attempts, 'filler');
      fill(filler);
      const request = startRequest(spec, 1);
      await expect(host.startAgent(request)).rejects.toMatchObject({ code: 'ENOSPC' });
      expect(folder.epochs()).toEqual([]);
      rmSync(filler);
      await host.startAgent(request);
      await starts(spec, 1);
      expect(folder.epochs()).toEqual([1]);
      for (const runner of host.liveRunners) await runner.end({ exitClass: 'stopped', reason: 'end of the test' }, { checkpointFirst: false, graceMs: 0 });
    } finally {
      execFileSync('umount', ['--lazy', attempts]);
    }
  });

  it.skipIf(process.getuid?.() !== 0)('has it once there is room, though the session got it at once', async () => {
    const context = local.contextOf();
    const ended = once(context.events, 'attempt_ended');
    const host = local.newHost(context);
    const spec = local.newSpec('ends-full');
    const folder = new SessionFolder(local.home, 'ends-full');
    mkdirSync(folder.path, { recursive: true });
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder.path]);
    try {
      await host.startAgent(startRequest(spec, 1));
      const [pid = 0] = await starts(spec, 1);
      const filler = join(folder.path, 'filler');
      fill(filler);
      process.kill(pid, 'SIGKILL');
      // Its holder had no room for its exit either.
      const [report] = await ended;
      expect(report).toMatchObject({ epoch: 1, exitClass: 'lost' });
      expect(folder.attempt(1).report()).toBeNull();
      rmSync(filler);
      await expect.poll(() => folder.attempt(1).report(), { interval: 5, timeout: 20_000 }).toEqual(report);
    } finally {
      execFileSync('sh', ['-c', 'umount -l "$0"', folder.path]);
    }
  });
});

/** Writes until there is no room at all. */
function fill(path: string): void {
  const file = openSync(path, 'w');
  try {
    for (;;) writeSync(file, Buffer.alloc(4_096));
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
  } finally {
    closeSync(file);
  }
}
