import { createHash } from 'node:crypto';

/** Buckets of a unit within an experiment. */
const userBuckets = 1_000;
/** Of a pass percentage: hundredths of a percent. */
const passBuckets = 10_000;

/** The first eight bytes of a SHA-256, as an unsigned big-endian number. */
function hashOf(text: string): bigint {
  return createHash('sha256').update(text).digest().readBigUInt64BE(0);
}

/** The bucket of a unit, 0 to 999. Source: statsig-node 6.5.2, Evaluator (condition `user_bucket`). */
export function userBucket(salt: string, unitId: string): number {
  return Number(hashOf(`${salt}.${unitId}`) % BigInt(userBuckets));
}

/** Whether a unit is within a rule's pass percentage, 0-100. Source: statsig-node 6.5.2, Evaluator (evalPassPercent). */
export function passes(configSalt: string, ruleSalt: string, unitId: string, percentage: number): boolean {
  return Number(hashOf(`${configSalt}.${ruleSalt}.${unitId}`) % BigInt(passBuckets)) < percentage * 100;
}

/** The bucket below which the groups up to each one lie: cumulative, the last one 1000. @param sizes percent, summing to 100. */
export function groupBounds(sizes: readonly number[]): number[] {
  let sum = 0;
  return sizes.map((size, at) => {
    sum += size;
    return at === sizes.length - 1 ? userBuckets : Math.round((sum / 100) * userBuckets);
  });
}
