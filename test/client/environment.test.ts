import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { environmentNames, writeEnvironmentFile } from '../../client/environment.js';
import { environmentFile } from '../../host/session-folder.js';
import { sessionId } from './fixture-session.js';

const environment = { PATH: '/bin', LC_ALL: 'C', ANTHROPIC_API_KEY: 'k', OPENAI_API_KEY: 'o', AWS_SECRET: 's', 'BASH_FUNC_x%%': '()' };

it('hands on what every program expects, and of secrets only those of the agent', () => {
  expect(environmentNames('command', [], environment)).toEqual(['LC_ALL', 'PATH']);
  expect(environmentNames('claude-code', [], environment)).toEqual(['ANTHROPIC_API_KEY', 'LC_ALL', 'PATH']);
  expect(environmentNames('codex', [], environment)).toEqual(['LC_ALL', 'OPENAI_API_KEY', 'PATH']);
});

it('hands on what a person asks for by name', () => {
  expect(environmentNames('command', ['AWS_SECRET'], environment)).toEqual(['AWS_SECRET', 'LC_ALL', 'PATH']);
});

it('refuses an environment that does not fit into an exec', () => {
  expect(() => environmentNames('command', ['BIG'], { BIG: 'x'.repeat(131_070) })).toThrow(/^BIG has 131074 bytes/);
  const many = Object.fromEntries(Array.from({ length: 11 }, (_, n) => [`LC_${n}`, 'x'.repeat(100_000)]));
  expect(() => environmentNames('command', [], many)).toThrow(/the environment has 11000\d\d bytes/);
});

it('keeps the values where this user alone can read them', () => {
  const home = mkdtempSync(join(tmpdir(), 'shim-environment-'));
  try {
    writeEnvironmentFile(home, sessionId, ['PATH'], environment);
    const file = environmentFile(home, sessionId);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ PATH: '/bin' });
    expect(statSync(file).mode & 0o777).toBe(0o600);
  } finally {
    rmSync(home, { recursive: true });
  }
});
