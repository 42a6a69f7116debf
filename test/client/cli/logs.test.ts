import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pc from 'picocolors';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NamePrefix } from '../../../client/cli/many-logs.js';
import { SessionFolder } from '../../../host/session-folder.js';
import { projectRoot } from '../../support/project-root.js';
import { runCli } from '../built-cli.js';
import { fixtureSpec } from '../fixture-session.js';

let home: string;

function session(name: string, fleet: string | null, ...lines: string[]): void {
  const folder = new SessionFolder(home, name);
  folder.create({ ...fixtureSpec(name), ...(fleet === null ? {} : { fleet }) });
  mkdirSync(folder.logPath, { recursive: true });
  say(name, ...lines);
}

function say(name: string, ...lines: string[]): void {
  appendFileSync(join(new SessionFolder(home, name).logPath, 'session.log'), lines.map((line) => `${line}\n`).join(''));
}

beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'shim-logs-'));
  session('db', 'team', '2026-01-02T03:04:01.000Z 1 out | up', '2026-01-02T03:04:05.000Z 1 err | slow query');
  session('worker-1', 'team', '2026-01-02T03:04:03.000Z 2 out | item 1', '2026-01-02T03:04:04.000Z 2 shim | restarted');
  session('alone', null, '2026-01-02T03:04:02.000Z 1 out | hello');
});
afterAll(() => rmSync(home, { recursive: true }));

const logs = (...argv: string[]) => runCli(['logs', ...argv], { SHIM_HOME: home });

describe('shim logs of several sessions', () => {
  it('shows their lines by time, each with its name in one column', async () => {
    expect(await logs('worker-1', 'db')).toEqual({ exitCode: 0, stderr: '', stdout: ['db        1 out | up', 'worker-1  2 out | item 1', 'worker-1  2 shim| restarted', 'db        1 err | slow query'].join('\n') });
    expect((await logs('--all')).stdout.split('\n').map((line) => line.split(' ')[0])).toEqual(['db', 'alone', 'worker-1', 'worker-1', 'db']);
    expect((await logs('--fleet', 'team', '--tail', '1')).stdout).toBe('worker-1  2 shim| restarted\ndb        1 err | slow query');
    expect((await logs('alone', 'db', '--since', '2026-01-02T03:04:02Z')).stdout).toBe('alone  1 out | hello\ndb     1 err | slow query');
  });

  it('gives a script an object a line, with the session', async () => {
    const { stdout } = await logs('db', 'alone', '--tail', '1', '--json');
    expect(stdout.split('\n').map((line) => JSON.parse(line) as unknown)).toEqual([
      { session: 'alone', at: '2026-01-02T03:04:02.000Z', epoch: 1, stream: 'out', text: 'hello' },
      { session: 'db', at: '2026-01-02T03:04:05.000Z', epoch: 1, stream: 'err', text: 'slow query' },
    ]);
  });

  it.each<[string[], number, RegExp]>([
    [[], 2, /name a session, or several, or --fleet NAME, or --all/],
    [['db', 'alone', '--attempt', '1'], 2, /--attempt is of one session/],
    [['db', '--since', 'yesterday'], 2, /"yesterday" is no time/],
    [['--fleet', 'nobody'], 1, /fleet nobody has no member on this machine/],
    [['db', 'nobody'], 3, /there is no session nobody/],
  ])('answers %j by exit code %i and a line', async (argv, code, line) => {
    expect(await logs(...argv)).toEqual({ exitCode: code, stdout: '', stderr: expect.stringMatching(line) as string });
  });

  it('follows them all, and who begins meanwhile, until a signal', async () => {
    const child = spawn(process.execPath, [join(projectRoot(), 'client', 'shim.mjs'), 'logs', '--fleet', 'team', '-f', '--tail', '1'], { env: { PATH: process.env['PATH'], SHIM_HOME: home, HOME: home }, stdio: ['ignore', 'pipe', 'inherit'] });
    let shown = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      shown += text;
    });
    try {
      await expect.poll(() => shown, { timeout: 30_000 }).toContain('db        1 err | slow query');
      session('worker-2', 'team', '2026-01-02T03:05:00.000Z 1 out | begun');
      await expect.poll(() => shown, { timeout: 30_000 }).toContain('worker-2  1 out | begun');
      say('db', '2026-01-02T03:05:01.000Z 1 out | again up');
      await expect.poll(() => shown, { timeout: 30_000 }).toContain('db        1 out | again up');
    } finally {
      child.kill('SIGINT');
    }
    expect((await once(child, 'exit'))[0]).toBe(0);
    expect(shown.split('\n').filter((line) => line.includes('begun'))).toHaveLength(1);
  });
});

describe('the names before the lines', () => {
  it('have each a colour of its own, and the same width', () => {
    const prefix = new NamePrefix(pc.createColors(true));
    for (const name of ['a', 'longer', 'c']) prefix.add(name);
    const shown = ['a', 'longer', 'c'].map((name) => prefix.of(name));
    expect(new Set(shown.map((text) => text.slice(0, 5))).size).toBe(3);
    expect(shown.map((text) => text.slice(5, 11))).toEqual(['a     ', 'longer', 'c     ']);
  });
});
