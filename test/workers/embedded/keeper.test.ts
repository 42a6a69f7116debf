import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CgroupRoot } from '../../../host/process/cgroup.js';
import { ensureShimHome } from '../../../host/shim-home.js';
import { readService, startKeeper } from '../../../workers/embedded/keeper.js';
import { stopServices } from '../../../workers/embedded/services.js';
import { endAttempts, lineIn, newAttempt, run } from '../../host/process/attempts.js';
import { poll } from '../../support/poll.js';
import { knownPid } from '../../support/known-pid.js';

describe('a keeper', () => {
  let home: string;
  const read = () => Promise.resolve(readService(home, 'temporal'));
  const lines = (file: string) => (existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : []);

  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'shim-keeper-'));
    ensureShimHome(home);
  });

  afterEach(async () => {
    await stopServices({ home, onProgress: () => undefined });
    rmSync(home, { recursive: true, force: true });
  });

  it('waits twice as long after each death of a service that does not stay up', async () => {
    const births = join(home, 'births');
    await startKeeper(home, 'temporal', ['sh', '-c', `date +%s%N >> ${births}`], process.env, null);
    const times = await poll(
      () => Promise.resolve(lines(births)),
      (seen) => seen.length >= 4,
    );
    const [first = 0, second = 0, third = 0, fourth = 0] = times.map((time) => Number(time) / 1e6);
    expect(second - first).toBeGreaterThanOrEqual(200);
    expect(third - second).toBeGreaterThanOrEqual(400);
    expect(fourth - third).toBeGreaterThanOrEqual(800);
  });

  it('ends at once when told to while its service is down', async () => {
    await startKeeper(home, 'temporal', ['false'], process.env, null);
    await poll(read, ({ restarts, keeperPid }) => restarts >= 3 && keeperPid !== null);
    const asked = performance.now();
    await stopServices({ home, onProgress: () => undefined });
    expect(performance.now() - asked).toBeLessThan(2_000);
    expect(readService(home, 'temporal')).toMatchObject({ pid: null, keeperPid: null });
  });

  it('passes TERM on and leaves its service the time to end', async () => {
    const farewell = join(home, 'farewell');
    const service = `trap 'echo bye > ${farewell}; exit 0' TERM; echo ready; while :; do sleep 0.05; done`;
    await startKeeper(home, 'temporal', ['sh', '-c', service], process.env, null);
    const { logFile } = await read();
    await poll(
      () => Promise.resolve(lines(logFile)),
      (seen) => seen.includes('ready'),
    );
    await stopServices({ home, onProgress: () => undefined });
    expect(lines(farewell)).toEqual(['bye']);
  });

  it('is known by what it runs where its pid files are lost, and so is its service', async () => {
    await startKeeper(home, 'temporal', ['sleep', '60'], process.env, null);
    const { pid, keeperPid } = await poll(read, (kept) => kept.pid !== null && kept.keeperPid !== null);
    for (const file of ['temporal.pid', 'temporal.keeper.pid']) writeFileSync(join(home, 'run', file), '');
    expect(readService(home, 'temporal')).toMatchObject({ pid, keeperPid });
    expect(readService(home, 'statsig')).toMatchObject({ pid: null, keeperPid: null });
    await stopServices({ home, onProgress: () => undefined });
    expect(readService(home, 'temporal')).toMatchObject({ pid: null, keeperPid: null });
  });

  it.skipIf(process.getuid?.() !== 0)('writes down a new pid of its service on a disk that is full, and is ended there', async () => {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'shim-test', home]);
    try {
      ensureShimHome(home);
      await startKeeper(home, 'temporal', ['sleep', '60'], process.env, null);
      const { pid } = await poll(read, (kept) => kept.pid !== null && kept.keeperPid !== null);
      expect(spawnSync('dd', ['if=/dev/zero', `of=${join(home, 'ballast')}`, 'bs=4k']).stderr.toString()).toMatch(/No space left/);
      process.kill(knownPid(pid), 'SIGKILL');
      const again = await poll(read, (kept) => kept.pid !== null && kept.pid !== pid);
      expect(Number(readFileSync(join(home, 'run', 'temporal.pid'), 'utf8').split(' ')[0])).toBe(again.pid);
      await stopServices({ home, onProgress: () => undefined });
      expect(readService(home, 'temporal')).toMatchObject({ pid: null, keeperPid: null });
    } finally {
      execFileSync('umount', ['--lazy', home]);
    }
  });

  it('moves a log that is too long aside before it starts its service', async () => {
    const { logFile } = await read();
    writeFileSync(logFile, 'x'.repeat(10_000_001));
    await startKeeper(home, 'temporal', ['sh', '-c', 'echo begun; exec sleep 60'], process.env, null);
    await poll(
      () => Promise.resolve(lines(logFile)),
      (seen) => seen.includes('begun'),
    );
    expect(readFileSync(`${logFile}.1`)).toHaveLength(10_000_001);
  });

  it.each([
    ['', null],
    [', and is in a cgroup of its own', CgroupRoot.probe()],
  ] as const)('outlives the agent that brought it up%s', async (_where, cgroups) => {
    const agent = newAttempt(cgroups);
    const keeper = new URL('../../../dist/workers/embedded/keeper.js', import.meta.url).href;
    const program = `import("${keeper}").then((it) => it.startKeeper("${home}", "temporal", ["sleep", "60"], process.env, null))`;
    await run(agent, 'sh', '-c', `'${process.execPath}' -e '${program}'; echo on > on; exec sleep 60`);
    await lineIn(agent.path, 'on');
    const up = await poll(read, (service) => service.pid !== null && service.keeperPid !== null);
    await endAttempts();
    expect(await read()).toEqual(up);
  });

  it('is not taken for a process that bears its mark and started later than its pid file says', async () => {
    await startKeeper(home, 'temporal', ['sleep', '60'], process.env, null);
    const { pid } = await poll(read, (service) => service.pid !== null && service.keeperPid !== null);
    const stranger = spawn('sleep', ['60'], { env: { ...process.env, SHIM_SERVICE: `temporal@${home}` }, stdio: 'ignore' });
    try {
      const file = join(home, 'run', 'temporal.pid');
      writeFileSync(file, `${stranger.pid} 1\n`);
      expect((await read()).pid).toBe(pid);
    } finally {
      stranger.kill('SIGKILL');
    }
  });
});
