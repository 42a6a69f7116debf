import { describe, expect, it } from 'vitest';
import { sessionNameSchema, sessionSpecSchema } from '../../domain/session.js';
import { aSpec } from '../support/session-fixtures.js';

describe('a session name', () => {
  it.each(['a', '7', 'fix-login', 'A_b.c', 'v1.2.3', 'x'.repeat(63)])('may be %s', (name) => {
    expect(sessionNameSchema.parse(name)).toBe(name);
  });

  it.each(['', '.', '..', '../../x', 'a/b', 'a\\b', '-a', '.a', '_a', 'a..b', 'a b', 'a\0b', 'a\nb', 'a\n', 'ä', '~', '$HOME', 'x'.repeat(64)])('may not be %j', (name) => {
    expect(sessionNameSchema.safeParse(name).success).toBe(false);
  });
});

describe('a session specification', () => {
  const spec = aSpec();

  it('has defaults for all that is left out', () => {
    const { policy, limits, parameters, environmentNames } = sessionSpecSchema.parse({ ...spec, policy: {}, limits: {}, parameters: {}, environmentNames: undefined });
    expect(policy).toEqual({ restart: 'on-failure', backoff: { factor: 2, maxMs: 300_000, jitter: 0.25 }, intensity: { maxFailures: 5, windowMs: 600_000 }, healthyAfterMs: 60_000 });
    expect(limits).toMatchObject({ stopGraceMs: 10_000, startTimeoutMs: 120_000 });
    expect(parameters).toMatchObject({ checkpointIntervalMinutes: 10, resumeStrategy: 'native', dangerZone: 0.75, backoffBaseMs: 1_000 });
    expect(environmentNames).toEqual([]);
  });

  it('survives the way through JSON', () => {
    expect(sessionSpecSchema.parse(JSON.parse(JSON.stringify(spec)))).toEqual(spec);
  });

  it.each([
    { cwd: 'relative' },
    { agent: 'gpt' },
    { sessionId: 'no-uuid' },
    { environmentNames: ['A=B'] },
    { environmentNames: ['1A'] },
    { argv: 'ls' },
    { createdAt: 'yesterday' },
    { environment: { SECRET: 'x' } },
    { limits: { stopGraceMs: -1 } },
    { limits: { memoryBytes: 0 } },
    { parameters: { dangerZone: 1.1 } },
  ])('is refused with %o', (change) => {
    expect(sessionSpecSchema.safeParse({ ...spec, ...change }).success).toBe(false);
  });
});
