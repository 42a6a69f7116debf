import { describe, expect, it } from 'vitest';
import { whyNotYet, type MemoryFacts } from '../../domain/memory-gate.js';

const facts = (change: Partial<MemoryFacts>): MemoryFacts => ({ availableBytes: 1_000e6, expectedBytes: 190e6, promisedBytes: 0, others: 3, ...change });

describe('a session that comes back', () => {
  it.each<[string, Partial<MemoryFacts>]>([
    ['there is room for it and the reserve', { availableBytes: 446e6 }],
    ['nobody can tell what is free', { availableBytes: null }],
    ['it is alone, whatever it needs', { availableBytes: 0, expectedBytes: 8e9, others: 0 }],
  ])('starts where %s', (_where, change) => {
    expect(whyNotYet(facts(change))).toBeNull();
  });

  it('waits where the reserve would be used up, and says how much is lacking', () => {
    expect(whyNotYet(facts({ availableBytes: 445e6 }))).toBe('it waits for memory: it takes about 190 MB, 445 MB are free and 256 MB are kept so');
  });

  it('waits for what was promised to others that come back', () => {
    expect(whyNotYet(facts({ promisedBytes: 600e6 }))).toContain('400 MB are free');
    expect(whyNotYet(facts({ promisedBytes: 2_000e6 }))).toContain('0 MB are free');
  });
});
