import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
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

const run = (...argv: string[]) => runCli(argv, { SHIM_HOME: home });

it.each<[string, string[], RegExp]>([
  ['an unknown agent', ['run', '--agent', 'gpt', '--', 'true'], /--agent: "gpt" is not an agent; there are claude-code, codex, command/],
  ['a missing folder', ['run', '--cwd', '/no/such/folder', '--', 'true'], /--cwd: "\/no\/such\/folder" is not a folder/],
  ['a bad policy', ['run', '--policy', 'sometimes', '--', 'true'], /--policy.*always, on-failure, never/],
  ['a hostile name', ['run', '--name', '../../x', '--', 'true'], /--name "\.\.\/\.\.\/x": a session name starts with a letter or digit/],
  ['a name with a line break', ['run', '--name', 'a\nb', '--', 'true'], /--name "a\\nb": /],
  ['a name that is too long', ['run', '--name', 'a'.repeat(64), '--', 'true'], /at most 63 characters/],
  ['no command', ['run'], /there is nothing to run; it follows after --/],
  ['an empty command', ['run', '--', ''], /there is nothing to run/],
  ['a missing program', ['run', '--', 'no-such-program-here'], /no-such-program-here/],
  ['a missing program by path', ['run', '--', './nothing'], /\.\/nothing/],
  ['a secret among the arguments', ['run', '--', 'true', 'sk-ant-api03-abcdefghijklmnopqrstuvwxyz0123456789'], /argument 2 looks like a secret.*--env NAME/],
  ['claude-code without -p', ['run', '--agent', 'claude-code', '--', 'do it'], /-p/],
  ['an unset variable', ['run', '--env', 'NOT_SET_ANYWHERE', '--', 'true'], /--env NOT_SET_ANYWHERE: it is not set here/],
  ['a value given with --env', ['run', '--env', 'TOKEN=abc', '--', 'true'], /--env TOKEN: give the name alone/],
  ['a bad duration', ['run', '--window', '10', '--', 'true'], /--window.*as 10m/],
  ['a bad size', ['run', '--memory-limit', 'lots', '--', 'true'], /--memory-limit.*as 2GB/],
  ['a ratio out of bounds', ['run', '--danger-zone', '0.01', '--', 'true'], /--danger-zone/],
  ['an unknown option', ['run', '--nam', 'x', '--', 'true'], /unknown option '--nam'/],
  ['a back-off that begins above its longest', ['run', '--backoff-base', '20m', '--', 'true'], /--backoff-base: 20m is more than the longest delay, 5m; raise --backoff-max too/],
  ['an unknown command', ['frobnicate'], /unknown command 'frobnicate'; see: shim --help$/],
  ['a missing argument', ['stop'], /missing required argument 'name'; see: shim stop --help$/],
  ['a hostile name to stop', ['stop', '../../x'], /a session name starts with/],
  ['a hostile name to explain', ['why', '..'], /a session name starts with/],
  ['a hostile name to show logs of', ['logs', '/etc'], /a session name starts with/],
  ['an empty prompt', ['send', 'fix', ' '], /the prompt is empty: say what to do next/],
  ['an unknown parameter', ['parameter', 'speed'], /"speed" is not a parameter; there are checkpoint_interval, /],
  ['a parameter out of its range', ['parameter', 'danger_zone', 'set', '7'], /danger_zone cannot be "7": .*as 0\.75/],
  ['a parameter without its value', ['parameter', 'danger_zone', 'set'], /set takes a value/],
  ['an unknown mode', ['parameter', 'danger_zone', 'mode', 'wild'], /a mode is one of observe, propose, auto, not "wild"/],
  ['an extension without a duration', ['experiment', 'danger_zone/1', 'extend'], /extend takes a duration, as 7d/],
  ['an experiment with one session', ['try', 'danger_zone', '0.6', '--sessions', '1'], /--sessions.*2 or more/],
])('answers %s with one line and exit code 2, and starts nothing', async (_what, argv, line) => {
  const { exitCode, stdout, stderr } = await run(...argv);
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
  expect(stderr).toMatch(/^shim: [^\n]*$/);
  expect(stderr).toMatch(line);
  expect(existsSync(home)).toBe(false);
});

it.each([
  ['no such session', ['why', 'nobody'], 3],
  ['no such session to show logs of', ['logs', 'nobody'], 3],
  ['Temporal not running', ['stop', 'nobody'], 4],
])('tells by the exit code: %s', async (_what, argv, code) => {
  const { exitCode, stderr } = await run(...argv);
  expect(exitCode).toBe(code);
  expect(stderr).toMatch(/^shim: /);
  expect(stderr).not.toMatch(/\n\s+at /);
});

it("says that a Temporal of the person's own does not answer, and where", async () => {
  const { exitCode, stderr } = await runCli(['pause', 'fix'], { SHIM_HOME: home, TEMPORAL_ADDRESS: '127.0.0.1:9' });
  expect(exitCode).toBe(4);
  expect(stderr).toBe('shim: Temporal does not answer at 127.0.0.1:9; check TEMPORAL_ADDRESS and that it is up');
});

it('does not say that a session is unknown where Temporal could not be asked', async () => {
  const { exitCode } = await runCli(['status', 'fix'], { SHIM_HOME: home, TEMPORAL_ADDRESS: '127.0.0.1:9' });
  expect(exitCode).toBe(4);
});

it('is not misled by a torn record of the embedded server', async () => {
  mkdirSync(join(home, 'run'), { recursive: true });
  writeFileSync(join(home, 'run', 'temporal.json'), '{"addr');
  const { exitCode, stderr } = await run('pause', 'fix');
  expect({ exitCode, stderr }).toEqual({ exitCode: 4, stderr: 'shim: nothing is running; run: shim up' });
  expect(readdirSync(join(home, 'run'))).toEqual(['temporal.json']);
});

it('does not say that it has ended what did not run', async () => {
  expect(await run('down')).toMatchObject({ exitCode: 0, stdout: 'nothing was running. Up: shim up' });
});

it('prints help with the exit codes', async () => {
  const { exitCode, stdout } = await run('--help');
  expect(exitCode).toBe(0);
  expect(stdout).toContain('3  no such session');
});

it('says what to do where everything is to be kept in what is no folder', async () => {
  writeFileSync(home, '');
  for (const argv of [['up'], ['stop', 'fix']]) {
    const { exitCode, stderr } = await run(...argv);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^shim: .*home cannot be used \(.*\); set SHIM_HOME to a folder of yours$/);
  }
});
