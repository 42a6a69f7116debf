import { afterEach, describe, expect, it } from 'vitest';
import { nextProcessTable, recentProcessTable } from '../../../host/process/shared-table.js';
import { endAttempts, lineIn, newAttempt, run } from './attempts.js';

afterEach(endAttempts);

describe('a shared process table', () => {
  it('is the same for all who ask in one turn, and another for who asks later', async () => {
    const [one, other] = await Promise.all([nextProcessTable(), nextProcessTable()]);
    expect(other).toBe(one);
    expect(await nextProcessTable()).not.toBe(one);
  });

  it('has what was there when it was asked for', async () => {
    const held = newAttempt();
    await run(held, 'sh', '-c', 'echo $$ > pid; exec sleep 60');
    const pid = Number(await lineIn(held.path, 'pid'));
    expect((await nextProcessTable()).has(pid)).toBe(true);
  });

  it('serves again whoever is content with an older one', async () => {
    const table = await nextProcessTable();
    expect(recentProcessTable(60_000)).toBe(table);
    expect(recentProcessTable(-1)).not.toBe(table);
  });
});
