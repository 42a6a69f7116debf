import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { findTree } from '../../../host/process/find-tree.js';
import { fence, inspect, treeOf } from '../../../host/process/holder.js';
import { isAlive, readProcess } from '../../../host/process/process-table.js';
import { end, endAttempts, lineIn, newAttempt, run } from './attempts.js';

afterEach(endAttempts);

const rounds = Array.from({ length: 30 }, (_, round) => round);

describe('two holders on one attempt', () => {
  it('run the command once, and the one that does is found', async () => {
    for (const round of rounds) {
      const held = newAttempt();
      const pids = await Promise.all([run(held, 'sh', '-c', 'echo $PPID >> ran; exec sleep 60'), run(held, 'sh', '-c', 'echo $PPID >> ran; exec sleep 60')]);
      const winner = Number(await lineIn(held.path, 'ran'));
      const loser = pids.find((pid) => pid !== winner) ?? 0;
      await expect.poll(() => readProcess(loser)?.state ?? 'Z', { interval: 2 }).toBe('Z');
      expect(inspect(held), `round ${round}`).toMatchObject({ kind: 'running', holder: { pid: winner } });
      await fence(held);
      expect(readFileSync(join(held.path, 'ran'), 'utf8').trim().split('\n')).toHaveLength(1);
    }
  });
});

describe('a fence that meets a holder which is about to claim', () => {
  it('leaves nothing alive, and the command ran once at most', async () => {
    for (const round of rounds) {
      const held = newAttempt();
      const holder = await run(held, 'sh', '-c', 'echo ran >> ran; exec sleep 60');
      const identity = { pid: holder, startTicks: readProcess(holder)?.startTicks ?? 0 };
      // From before the holder's first step to after its command's.
      for (let wait = 0; wait < round; wait += 1) await new Promise(setImmediate);
      const proof = await fence(held);
      expect(proof.remaining).toBe(0);
      expect(isAlive(identity), `round ${round}`).toBe(false);
      expect(findTree(treeOf(held))).toEqual([]);
      // Empty where the command was killed between opening the file and writing its line.
      const ran = existsSync(join(held.path, 'ran')) ? readFileSync(join(held.path, 'ran'), 'utf8') : '';
      expect(['', 'ran\n'], `round ${round}`).toContain(ran);
    }
  });

  it('tells the one who waits that it is lost', async () => {
    const held = newAttempt();
    await run(held, 'sleep', '60');
    const ended = end(held);
    await fence(held);
    expect((await ended).kind).toBe('lost');
  });
});
