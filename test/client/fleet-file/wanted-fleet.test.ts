import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { wantedFleet } from '../../../client/fleet-file/wanted-fleet.js';

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'shim-fleet-'));
  file = join(folder, 'shim.yaml');
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const environment = { PATH: process.env['PATH'], TOKEN: 'not a secret' };

function wanted(source: string) {
  writeFileSync(file, source);
  return wantedFleet(file, environment);
}

describe('what a file wants', () => {
  it('is one member for each session and instance, in the order in which they begin', () => {
    mkdirSync(join(folder, 'w-2'));
    mkdirSync(join(folder, 'w-1'));
    const { name, settings, members } = wanted(`
fleet: team
start: sequential
max-failures: 3
defaults: {env: [TOKEN], max-failures: 7}
sessions:
  worker: {command: [sh, -c, 'echo {instance}'], cwd: 'w-{instance}', instances: 2, depends-on: [db]}
  db: {command: echo db, memory-limit: 1GB, danger-zone: 0.6}
`);
    expect(name).toBe('team');
    expect(settings).toEqual({ strategy: 'one_for_one', atOnce: 1, intensity: { maxFailures: 3, windowMs: 600_000 } });
    expect(members.map(({ spec, dependsOn }) => [spec.name, spec.argv, spec.cwd, dependsOn])).toEqual([
      ['db', ['sh', '-c', 'echo db'], folder, []],
      ['worker-1', ['sh', '-c', 'echo 1'], join(folder, 'w-1'), ['db']],
      ['worker-2', ['sh', '-c', 'echo 2'], join(folder, 'w-2'), ['db']],
    ]);
    expect(members[0]?.spec).toMatchObject({ fleet: 'team', policy: { intensity: { maxFailures: 7 } }, limits: { memoryBytes: 1e9 }, parameters: { dangerZone: 0.6 }, pinned: ['danger_zone'] });
    expect(members.map(({ environmentAsked, spec }) => [environmentAsked, spec.environmentNames])).toEqual(Array.from({ length: 3 }, () => [['TOKEN'], ['PATH', 'TOKEN']]));
  });

  it('bounds what each may spend, and what all may together', () => {
    const { members, budget } = wanted('fleet: team\nbudget: {usd: 50}\ndefaults: {budget-tokens: 1000000}\nsessions:\n  a: {command: x, budget-hours: 2.5}\n  b: {command: x}\n');
    expect(members.map(({ spec }) => spec.budget)).toEqual([{ tokens: 1_000_000, hours: 2.5 }, { tokens: 1_000_000 }]);
    expect(budget).toEqual({ usd: 50 });
    expect(wanted('fleet: team\nsessions:\n  a: {command: x}\n')).toMatchObject({ budget: null, members: [{ spec: { name: 'a' } }] });
  });

  it('has as many as it says: 50 are no more work than one', () => {
    const { members } = wanted('fleet: team\nsessions:\n  worker: {command: [sleep, "1000"], instances: 50}\n');
    expect(members.map(({ spec }) => spec.name)).toEqual(Array.from({ length: 50 }, (_, n) => `worker-${n + 1}`));
  });

  it.each<[string, string, RegExp]>([
    ['a need that is not there', 'a: {command: x, depends-on: [b]}', /:3:32: a depends on "b", and there is no such session/],
    ['needs that need each other', 'a: {command: x, depends-on: [b]}\n  b: {command: x, depends-on: [a]}', /:3:\d+: these depend on each other: a -> b -> a/],
    ['two of one name', 'a: {command: x, instances: 2}\n  a-2: {command: x}', /:4:\d+: a-2 makes a session a-2, and so does a/],
    ['nothing to run', 'a: {cwd: .}', /:3:6: a: there is nothing to run; give it a command/],
    ['a command for an agent', 'a: {agent: codex, command: x}', /codex is run by SHIM; give it args/],
    ['args for a command', 'a: {command: x, args: [y]}', /args are for claude-code and codex/],
    ['a folder that is not there', 'a: {command: x, cwd: nowhere}', /:3:\d+: a: cwd: ".*nowhere" is not a folder; make it first/],
    ['a program that is not there', 'a: {command: [no-such-program-here]}', /:3:\d+: a: .*no-such-program-here/],
    ['a variable that is not set', 'a: {command: x, env: [NOT_SET]}', /:3:\d+: a: env NOT_SET: it is not set here/],
    ['a secret', 'a: {command: [echo, sk-ant-api03-abcdefghijklmnopqrstuvwxyz0123456789]}', /argument 2 looks like a secret/],
    ['too many members', 'a: {command: x, instances: 300}\n  b: {command: x, instances: 300}', /:4:\d+: a fleet has at most 500 members/],
  ])('with %s is refused in one line that says where', (_what, sessions, line) => {
    expect(() => wanted(`fleet: team\nsessions:\n  ${sessions}\n`)).toThrow(line);
  });

  it('of a file that is not there says what to do', () => {
    expect(() => wantedFleet(join(folder, 'none.yaml'), environment)).toThrow(/there is no such file; write one as in examples\/team\/shim\.yaml/);
  });
});
