import { describe, expect, it } from 'vitest';
import { Lanes } from '../../host/lanes.js';

describe('lanes', () => {
  it('run so many at a time, in the order asked', async () => {
    const lanes = new Lanes(2);
    const begun: number[] = [];
    const ends: (() => void)[] = [];
    const all = [0, 1, 2, 3].map((n) =>
      lanes.run(() => {
        begun.push(n);
        return new Promise<void>((resolve) => ends.push(resolve));
      }),
    );
    expect(begun).toEqual([0, 1]);
    ends[0]?.();
    await all[0];
    expect(begun).toEqual([0, 1, 2]);
    for (const n of [1, 2, 3]) {
      ends[n]?.();
      await all[n];
    }
    expect(begun).toEqual([0, 1, 2, 3]);
  });

  it('go on after work that failed', async () => {
    const lanes = new Lanes(1);
    await expect(lanes.run(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await lanes.run(() => Promise.resolve('yes'))).toBe('yes');
  });
});
