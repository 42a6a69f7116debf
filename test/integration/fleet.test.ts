import { execFile } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FleetStatus } from '../../workflows/fleet-messages.js';
import type { SessionView } from '../../client/session-view.js';
import { SessionFolder } from '../../host/session-folder.js';
import { Installation } from '../support/installation.js';
import { projectRoot } from '../support/project-root.js';
import { knownPid } from '../support/known-pid.js';

const program = join(projectRoot(), 'client', 'shim.mjs');

/** Runs the CLI in a folder, as in a CI, where no pipe is coloured either; its exit code and what it printed. */
function shimIn(shim: Installation, cwd: string, ...argv: string[]): Promise<{ exitCode: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [program, ...argv], { cwd, env: { ...shim.environment, COLUMNS: '100', CI: 'true' }, timeout: 240_000 }, (error, stdout, stderr) => {
      resolve({ exitCode: error ? Number(error.code ?? 1) : 0, stdout, stderr });
    });
  });
}

describe('the section for fleets in the README, followed to the letter,', () => {
  const shim = new Installation();
  afterAll(() => shim.remove());

  it('does what it says', async () => {
    const section = /## Fleets\n[\s\S]*?```sh\n([\s\S]*?)```/.exec(readFileSync(join(projectRoot(), 'README.md'), 'utf8'))?.[1] ?? '';
    const commands = section.trim().split('\n').map((line) => line.replace(/\s*#.*$/, '').split(' ').slice(2));
    expect(commands.map(([command]) => command)).toEqual(['apply', 'apply', 'fleet', 'diff', 'fleet']);
    const answers = [];
    for (const command of commands) answers.push(await shimIn(shim, projectRoot(), ...command));
    expect(answers.map(({ exitCode, stderr }) => (exitCode === 0 ? 0 : stderr))).toEqual([0, 0, 0, 0, 0]);
    const [dryRun, applied, shown, diff, stopped] = answers.map(({ stdout }) => stdout);
    expect(dryRun).toMatch(/^\+ start {4}board, worker-1 … worker-3$/m);
    expect(applied).toMatch(/running: 4 of 4 running/);
    expect(shown).toMatch(/worker-3 running/);
    expect(diff).toBe('fleet team is as the file wants it: 4 members\n');
    expect(stopped).toMatch(/stopped: stopped by/);
  }, 300_000);
});

describe('a fleet of real processes', () => {
  const shim = new Installation();
  const folder = join(shim.folder, 'team');
  const file = join(folder, 'shim.yaml');
  const run = (...argv: string[]) => shimIn(shim, folder, ...argv);
  const status = async (name: string) => JSON.parse((await run('fleet', name, '--json')).stdout) as FleetStatus;
  const view = async (name: string) => JSON.parse((await run('status', name, '--json')).stdout) as SessionView;
  const epochs = ({ members }: FleetStatus) => members.map(({ epoch }) => epoch);

  /** Until the fleet stands as wanted, by the command itself. */
  async function fleetIs(name: string, wanted: (seen: FleetStatus) => boolean): Promise<FleetStatus> {
    for (let looks = 0; looks < 120; looks += 1) {
      const seen = await status(name);
      if (wanted(seen)) return seen;
    }
    throw new Error(`this never came: ${JSON.stringify(await status(name))}`);
  }

  beforeAll(async () => {
    mkdirSync(folder, { recursive: true });
    copyFileSync(join(projectRoot(), 'examples', 'team', 'worker.sh'), join(folder, 'worker.sh'));
    chmodSync(join(folder, 'worker.sh'), 0o755);
    await shim.up();
  }, 120_000);
  afterAll(() => shim.remove(), 120_000);

  const team = (more = '', instances = 2) =>
    `fleet: crew\nstrategy: one_for_all\ndefaults: {hang-timeout: 1h, stop-grace: 2s${more}}\nsessions:\n  db: {command: [sh, worker.sh, db]}\n  app: {command: [sh, worker.sh, app], instances: ${instances}, depends-on: [db]}\n`;

  it('is begun, changed and stopped by its file, restarts all with one that is killed, lets changed sessions go on, shows one that is ended from outside, and is taken over where its own workflow was', async () => {
    writeFileSync(file, team());
    expect(await run('apply', 'shim.yaml')).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/running: 3 of 3 running/) as string });
    const before = await view('app-1');
    const { sessionId } = before;
    expect(before).toMatchObject({ fleet: 'crew', state: 'running', cwd: folder });

    process.kill(knownPid((await view('app-2')).pid), 'SIGKILL');
    const after = await fleetIs('crew', (seen) => epochs(seen).every((epoch) => epoch === 2) && seen.state === 'running');
    expect(after.failures).toMatchObject([{ name: 'app-2', reason: 'killed: ended by SIGKILL from outside' }]);
    expect((await view('app-1')).lastExit).toMatchObject({ exitClass: 'stopped', reason: 'restart by fleet/crew: app-2 failed (killed: ended by SIGKILL from outside)' });

    writeFileSync(file, team(', max-failures: 9', 3));
    const dry = await run('apply', 'shim.yaml', '--dry-run');
    expect(dry.stdout).toBe('+ start    app-3\n~ restart  db, app-1, app-2\n           max-failures: 5 -> 9; the session goes on, so changed\nfleet crew: 0 members unchanged\n');
    expect((await status('crew')).generation).toBe(1);
    expect(await run('apply', 'shim.yaml')).toMatchObject({ exitCode: 0 });
    const changed = await status('crew');
    expect(changed).toMatchObject({ state: 'running', generation: 2 });
    expect(changed.members.map(({ spec, epoch }) => [spec.name, spec.policy.intensity.maxFailures, epoch])).toEqual([['db', 9, 3], ['app-1', 9, 3], ['app-2', 9, 3], ['app-3', 9, 1]]);
    expect(await view('app-1')).toMatchObject({ sessionId, attempt: 3, lastExit: { exitClass: 'stopped' } });
    expect(new SessionFolder(shim.home, 'app-1').spec()).toMatchObject({ sessionId, policy: { intensity: { maxFailures: 9 } } });
    expect(await run('diff', 'shim.yaml')).toMatchObject({ exitCode: 0, stdout: 'fleet crew is as the file wants it: 4 members\n' });

    await shim.terminate('app-3', 'by an operator');
    expect((await fleetIs('crew', (seen) => seen.state === 'degraded')).members[3]).toMatchObject({ state: 'stopped', reason: 'its workflow was ended from outside' });
    writeFileSync(file, team(', max-failures: 9', 1));
    expect(await run('apply', 'shim.yaml')).toMatchObject({ exitCode: 0 });
    expect((await status('crew')).members.map(({ spec }) => spec.name)).toEqual(['db', 'app-1']);

    await shim.terminate('crew', 'by an operator', 'fleet');
    const living = await view('app-1');
    expect((await run('diff', 'shim.yaml')).stdout).toBe('~ take     db, app-1\n           the fleet has lost it; its session goes on as it is\nfleet crew: 2 members unchanged\n');
    expect(await run('apply', 'shim.yaml')).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/running: 2 of 2 running/) as string });
    expect(await view('app-1')).toMatchObject({ sessionId, pid: living.pid, attempt: living.attempt });

    writeFileSync(file, team(', max-failures: 9', 1).replace('worker.sh, app]', 'worker.sh, app, more]'));
    expect((await run('diff', 'shim.yaml')).stdout).toMatch(/^~ restart {2}app-1\n.*; a new session takes the place of the present one$/m);
    expect(await run('apply', 'shim.yaml')).toMatchObject({ exitCode: 0 });
    expect((await view('app-1')).sessionId).not.toBe(sessionId);

    expect(await run('fleet', 'crew', 'stop')).toMatchObject({ exitCode: 0 });
    const stops = await Promise.all(['app-1', 'db'].map(view));
    expect(stops.map(({ state, reason }) => `${state}: ${reason}`)).toEqual(['stopped: stopped by fleet/crew', 'stopped: stopped by fleet/crew']);
    const endedAt = stops.map(({ lastExit }) => Date.parse(lastExit?.at ?? ''));
    expect(endedAt[0]).toBeLessThanOrEqual(endedAt[1] ?? 0);
  }, 300_000);

  it('takes no name of a session that a person began', async () => {
    await shim.start({ name: 'mine', agent: 'command', argv: ['sleep', '1000'], cwd: folder });
    writeFileSync(join(folder, 'taken.yaml'), 'fleet: other\nsessions:\n  mine: {command: [sleep, "1000"]}\n');
    expect(await run('apply', 'taken.yaml')).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('taken.yaml: there is a session mine already that is not of fleet other') as string });
    expect((await view('mine')).fleet).toBeNull();
    expect((await run('fleet')).stdout).toBe('no fleets; begin one: shim apply shim.yaml\n');
  }, 120_000);

  it('of fifty is one command and one screen', async () => {
    writeFileSync(join(folder, 'fifty.yaml'), 'fleet: fifty\nat-once: 16\ndefaults: {hang-timeout: 1h, stop-grace: 2s}\nsessions:\n  w: {command: [sh, worker.sh, "{instance}"], instances: 50}\n');
    const applied = await run('apply', 'fifty.yaml');
    expect(applied.stderr).not.toContain('shim:');
    expect(applied).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/running: 50 of 50 running/) as string });
    const { stdout } = await run('fleet', 'fifty');
    expect(stdout.split('\n').length).toBeLessThan(30);
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThan(120);
    for (const name of ['w-1', 'w-50']) expect(stdout).toMatch(new RegExp(`${name} +running`));
    expect(await run('fleet', 'fifty', 'stop')).toMatchObject({ exitCode: 0 });
    const left = (JSON.parse((await run('status', '--json')).stdout) as SessionView[]).filter(({ name }) => name.startsWith('w-'));
    expect(new Set(left.map(({ state, pid }) => `${state} ${pid}`))).toEqual(new Set(['stopped null']));
    expect(left).toHaveLength(50);
  }, 300_000);
});
