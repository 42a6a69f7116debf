import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
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
