import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { createSpec } from '../../client/session-spec.js';

const request = { name: 'long', agent: 'command', cwd: tmpdir() };

describe("a session's definition", () => {
  it('is refused where it is larger than what goes through Temporal, with what to do', () => {
    const argv = ['true', ...Array.from({ length: 5 }, () => 'x'.repeat(120_000))];
    expect(() => createSpec({ ...request, argv }, { PATH: '/usr/bin:/bin' })).toThrow(/have 600\d{3} bytes, of which a session keeps 500000 at most; put the task into a file/);
  });

  it('may be long', () => {
    const argv = ['true', ...Array.from({ length: 4 }, () => 'x'.repeat(120_000))];
    expect(createSpec({ ...request, argv }, { PATH: '/usr/bin:/bin' }).argv).toHaveLength(5);
  });
});
