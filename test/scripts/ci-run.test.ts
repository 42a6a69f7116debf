import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { projectRoot } from '../support/project-root.js';

describe('.ci/run', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'shim-ci-'));
    mkdirSync(join(folder, '.ci'));
    mkdirSync(join(folder, 'bin'));
    copyFileSync(join(projectRoot(), '.ci', 'run'), join(folder, '.ci', 'run'));
  });

  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  /** Runs it with an npm that does what `steps` say for `test`, `demo` and `test:agents`. */
  function ciRun(steps: { test: string; demo: string; agents: string }) {
    program('npm', `case "$*" in test) ${steps.test} ;; *demo) ${steps.demo} ;; *test:agents) ${steps.agents} ;; esac`);
    // Whatever is not on this machine is not to be had.
    program('apt-get', 'exit 1');
    const { status, stdout } = spawnSync('bash', [join(folder, '.ci', 'run')], { env: { ...process.env, PATH: `${join(folder, 'bin')}:${process.env['PATH']}` }, encoding: 'utf8' });
    return { status, lastLine: stdout.trimEnd().split('\n').at(-1) };
  }

  function program(name: string, text: string): void {
    writeFileSync(join(folder, 'bin', name), `#!/bin/sh\n${text}\n`);
    chmodSync(join(folder, 'bin', name), 0o755);
  }

  it('ends with the sum of all tests', () => {
    const outcome = ciRun({ test: 'echo "12 passed, 0 failed"', demo: 'echo fine', agents: 'echo "3 passed, 0 failed"' });
    expect(outcome).toEqual({ status: 0, lastLine: '15 passed, 0 failed' });
  });

  it('tells of what was skipped', () => {
    const outcome = ciRun({ test: 'echo "12 passed, 0 failed, 2 skipped"', demo: 'true', agents: 'echo "3 passed, 0 failed"' });
    expect(outcome).toEqual({ status: 0, lastLine: '15 passed, 0 failed, 2 skipped' });
  });

  it('runs the rest after a failure, and fails', () => {
    const outcome = ciRun({ test: 'echo "11 passed, 1 failed"; exit 1', demo: 'true', agents: 'echo "3 passed, 0 failed"' });
    expect(outcome).toEqual({ status: 1, lastLine: '14 passed, 1 failed' });
  });

  it('counts a step that fails outside its tests as one failure', () => {
    const outcome = ciRun({ test: 'echo "12 passed, 0 failed"', demo: 'exit 1', agents: 'echo "3 passed, 0 failed"' });
    expect(outcome).toEqual({ status: 1, lastLine: '15 passed, 1 failed' });
  });
});
