import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { webUiLinks } from '../../../client/web-ui-links.js';
import { serviceUnit } from '../../../client/cli/service-unit.js';
import { projectRoot } from '../../support/project-root.js';
import { Terminal } from '../../support/terminal.js';
import { runCli } from '../built-cli.js';

let folder: string;
let home: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'shim-cli-'));
  home = join(folder, 'home');
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const run = (argv: string[], environment: Record<string, string> = {}) => runCli(argv, { SHIM_HOME: home, HOME: folder, ...environment });

describe('shim --version', () => {
  it.each(['--version', '-V'])('prints with %s which build it is, and makes nothing', async (option) => {
    const { version } = JSON.parse(readFileSync(join(projectRoot(), 'package.json'), 'utf8')) as { version: string };
    const { stdout, exitCode } = await run([option]);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^\S+\+[0-9a-f]{12}$/);
    expect(stdout).toMatch(version);
    expect(existsSync(home)).toBe(false);
  });
});

describe('shim complete', () => {
  it.each(['bash', 'zsh', 'fish'])('prints a script for %s that this shell takes', async (shell) => {
    const { stdout, exitCode } = await run(['complete', shell]);
    expect(exitCode).toBe(0);
    expect(stdout).toContain('shim');
    const script = join(folder, `complete.${shell}`);
    writeFileSync(script, stdout);
    const check = spawnSync(shell, ['-n', script], { encoding: 'utf8' });
    // A machine without that shell can check nothing.
    expect(check.error ? '' : check.stderr).toBe('');
  });

  it.each([
    ['shim sta', ['status']],
    ['shim stop ', ['nightly']],
    ['shim why ni', ['nightly']],
  ])('completes %j in a bash that has not loaded the package bash-completion', async (line, wanted) => {
    mkdirSync(join(home, 'sessions', 'nightly'), { recursive: true });
    writeFileSync(join(home, 'sessions', 'nightly', 'spec.json'), '{}');
    writeFileSync(join(folder, 'complete.bash'), (await run(['complete', 'bash'])).stdout);
    const press = 'shim() { "$NODE" "$SHIM" "$@"; }; source "$SCRIPT"; COMP_LINE=$LINE COMP_POINT=${#LINE}; __shim_complete; printf "%s\\n" "${COMPREPLY[@]}"';
    const environment = { PATH: process.env['PATH'], HOME: folder, SHIM_HOME: home, NODE: process.execPath, SHIM: join(projectRoot(), 'client', 'shim.mjs'), SCRIPT: join(folder, 'complete.bash'), LINE: line };
    const { stdout } = spawnSync('bash', ['--norc', '-c', press], { encoding: 'utf8', env: environment });
    expect(stdout.split('\n').filter((word) => word !== '')).toEqual(wanted);
  });

  it('knows commands, options, and the sessions of this machine', async () => {
    mkdirSync(join(home, 'sessions', 'nightly'), { recursive: true });
    writeFileSync(join(home, 'sessions', 'nightly', 'spec.json'), '{}');
    expect((await run(['complete', '--', 'sta'])).stdout).toMatch(/^status\b/m);
    expect((await run(['complete', '--', 'logs', '--'])).stdout).toMatch(/^--follow\b/m);
    expect((await run(['complete', '--', 'stop', ''])).stdout).toMatch(/^nightly\b/m);
  });
});

describe('colours', () => {
  it('are there on a terminal, and gone by --no-color before a command or after it', async () => {
    const doctor = async (...argv: string[]) => {
      const terminal = new Terminal({ columns: 120, rows: 40 }, [process.execPath, join(projectRoot(), 'client', 'shim.mjs'), ...argv], { SHIM_HOME: home, HOME: folder });
      await terminal.until(/ended \d/);
      terminal.close();
      return terminal.shown;
    };
    const [usual, before, after] = await Promise.all([doctor('doctor'), doctor('--no-color', 'doctor'), doctor('doctor', '--no-color')]);
    for (const shown of [usual, before, after]) expect(shown).toContain('WHAT TO DO');
    expect(usual).toContain('\u001b[');
    expect(before).not.toContain('\u001b[');
    expect(after).not.toContain('\u001b[');
  });
});

describe('shim install-service', () => {
  it('writes a unit that systemd accepts, and takes it away again', async () => {
    const { exitCode, stdout } = await run(['install-service', '--no-now']);
    expect(exitCode).toBe(0);
    const path = join(folder, '.config', 'systemd', 'user', 'shim.service');
    expect(stdout).toContain(`wrote ${path}`);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const unit = readFileSync(path, 'utf8');
    expect(unit).toContain('KillMode=process');
    expect(unit).toMatch(/^ExecStart=".*node" ".*client\/shim\.mjs" up$/m);
    const verified = spawnSync('systemd-analyze', ['--user', 'verify', path], { encoding: 'utf8' });
    expect(verified.error ? '' : verified.stderr.split('\n').filter((line) => line.includes('shim.service')).join('\n')).toBe('');
    expect((await run(['install-service', '--remove'])).stdout).toContain(`removed ${path}`);
    expect(existsSync(path)).toBe(false);
    expect((await run(['install-service', '--remove'])).stdout).toBe('it is not installed');
  });

  it('comes up in the environment that it was installed in, and keeps what is secret in it to its user', async () => {
    const values = { TEMPORAL_ADDRESS: 'temporal.internal:7233', SHIM_DATABASE_URL: 'postgres://shim:a$b"c\\d`e@db/shim' };
    const { stdout } = await run(['install-service', '--no-now'], { ...values, SHIM_ATTEMPT: 'of-an-agent', ANTHROPIC_API_KEY: 'of-nobody' });
    const file = join(home, 'service.env');
    expect(stdout).toContain(`kept for it in ${file}: TEMPORAL_ADDRESS, SHIM_DATABASE_URL;`);
    expect(readFileSync(join(folder, '.config', 'systemd', 'user', 'shim.service'), 'utf8')).toContain(`EnvironmentFile=-${file}\n`);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    // Within double quotes a shell reads it as systemd does.
    const read = spawnSync('sh', ['-c', 'set -a; . "$0"; exec env', file], { encoding: 'utf8', env: { PATH: process.env['PATH'] } }).stdout;
    for (const [name, value] of Object.entries(values)) expect(read).toContain(`${name}=${value}\n`);
    expect(read).not.toMatch(/of-an-agent|of-nobody/);
    await run(['install-service', '--no-now']);
    expect(existsSync(file)).toBe(false);
  });

  it('says why systemd did not take it', async () => {
    const programs = join(folder, 'bin');
    mkdirSync(programs);
    writeFileSync(join(programs, 'systemctl'), '#!/bin/sh\necho "Failed to connect to bus: No medium found" >&2; exit 1\n', { mode: 0o755 });
    const { stderr, exitCode } = await run(['install-service'], { PATH: `${programs}:${process.env['PATH']}` });
    expect(exitCode).toBe(0);
    expect(stderr).toContain('systemd did not take it (Failed to connect to bus: No medium found); once it does: systemctl --user daemon-reload');
  });

  it('takes a home with any characters in it as it is', () => {
    const unit = serviceUnit({ node: '/usr/bin/node', program: '/opt/a $b/shim.mjs', home: '/home/100% "mine"\\x', path: '/bin' });
    expect(unit).toContain('Environment="SHIM_HOME=/home/100%% \\"mine\\"\\\\x"');
    expect(unit).toContain('ExecStart="/usr/bin/node" "/opt/a $$b/shim.mjs" up');
  });
});

describe("the Web UI's pages", () => {
  it('are each a query that Temporal understands', () => {
    const links = webUiLinks('http://127.0.0.1:8233', 'default');
    expect(links.failed).toBe("http://127.0.0.1:8233/namespaces/default/workflows?query=ShimState%20%3D%20%27failed%27%20AND%20ExecutionStatus%20%3D%20%27Running%27");
    expect(Object.keys(links)).toEqual(['sessions', 'failed', 'waiting', 'paused', 'fleets', 'experiments']);
  });

  it('need a Temporal that is there', async () => {
    expect(await run(['ui'])).toMatchObject({ exitCode: 4, stderr: 'shim: nothing is running; run: shim up' });
  });
});
