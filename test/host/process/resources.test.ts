import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { treeOf, type HeldAttempt } from '../../../host/process/holder.js';
import { readProcessTable } from '../../../host/process/process-table.js';
import { sampleTree, type TreeSample } from '../../../host/process/resources.js';
import { end, endAttempts, lineIn, newAttempt, run } from './attempts.js';

afterEach(endAttempts);

function look(held: HeldAttempt): TreeSample | null {
  return sampleTree(treeOf(held), readProcessTable());
}

describe('a sample', () => {
  it('counts the processor time, memory and bytes of the whole tree', async () => {
    const held = newAttempt();
    const work = 'const b = Buffer.alloc(80e6, 1); const end = Date.now() + 150; while (Date.now() < end); fs.writeFileSync("out", b); fs.writeFileSync("done", "yes\\n"); setInterval(() => b, 1e6)';
    await run(held, 'sh', '-c', '"$@" & wait', 'sh', process.execPath, '-e', work);
    await lineIn(held.path, 'done');
    const sample = look(held);
    expect(sample?.cpuMs).toBeGreaterThanOrEqual(100);
    expect(sample?.rssBytes).toBeGreaterThan(80e6);
    expect(sample?.rssBytes).toBeLessThan(1e9);
    expect(sample?.ioBytes).toBeGreaterThan(80e6);
    expect(sample?.allStopped).toBe(false);
  });

  it('says when every process is stopped', async () => {
    const held = newAttempt();
    await run(held, 'sh', '-c', 'echo $$ > pid; exec sleep 60');
    process.kill(Number(await lineIn(held.path, 'pid')), 'SIGSTOP');
    await expect.poll(() => look(held)?.allStopped, { interval: 5 }).toBe(true);
  });

  it('of each of several trees comes from one table', async () => {
    const all = [newAttempt(), newAttempt(), newAttempt()];
    for (const held of all) await run(held, 'sh', '-c', 'sleep 60 & echo $! > pid; wait');
    const pids = await Promise.all(all.map((held) => lineIn(held.path, 'pid')));
    const table = readProcessTable();
    const sizes = pids.map((pid) => Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1_024);
    const samples = all.map((held) => sampleTree(treeOf(held), table)?.rssBytes ?? 0);
    for (const [at, size] of sizes.entries()) expect(samples[at]).toBeGreaterThan(size * 0.5);
    expect(Math.max(...samples)).toBeLessThan(20e6);
  });

  it('of a tree that has ended is none', async () => {
    const held = newAttempt();
    await run(held, 'true');
    await end(held);
    expect(look(held)).toBeNull();
  });
});
