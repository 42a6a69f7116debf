import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { hostErrorCodes } from '../../../domain/host-requests.js';
import { inspect } from '../../../host/process/holder.js';
import { end, endAttempts, environment, lineIn, newAttempt, run, runWith } from './attempts.js';

afterEach(endAttempts);

describe('a held command', () => {
  it('gets its environment as it is, whatever its names', async () => {
    const held = newAttempt();
    const given = { ...environment, dir: 'a', cgroup: 'b', code: 'c', stdin: 'd', ENV: '/nowhere', EMPTY: '', MULTI: 'x\ny' };
    await runWith(held, [process.execPath, '-e', 'process.stdout.write(JSON.stringify(process.env))'], { variables: given });
    await end(held);
    expect(JSON.parse(readFileSync(join(held.path, 'stdout'), 'utf8'))).toMatchObject(given);
  });

  it('ignores no signal, and has no files of the attempt open but its two outputs', async () => {
    const held = newAttempt();
    await run(held, 'sh', '-c', 'grep SigIgn /proc/self/status >> found; for fd in /proc/$$/fd/*; do readlink "$fd"; done >> found');
    await end(held);
    const [ignored, ...open] = readFileSync(join(held.path, 'found'), 'utf8').trim().split('\n');
    expect(ignored).toBe('SigIgn:\t0000000000000000');
    expect(open.filter((target) => target.startsWith(held.path) && !target.endsWith('/found'))).toEqual([join(held.path, 'stdout'), join(held.path, 'stderr')]);
  });

  it('reads the end of its input at once, unless it was given a FIFO', async () => {
    const held = newAttempt();
    await run(held, 'cat');
    expect(await end(held)).toMatchObject({ exit: { exitCode: 0 } });
  });

  it('reads what is written into its FIFO, writer after writer', async () => {
    const held = newAttempt();
    await runWith(held, ['sh', '-c', 'echo on > on; read a; read b; echo "$a $b"'], { input: 'fifo' });
    await lineIn(held.path, 'on');
    for (const line of ['first\n', 'second\n']) {
      const fifo = await open(join(held.path, 'stdin'), 'w');
      await fifo.write(line);
      await fifo.close();
    }
    await end(held);
    expect(readFileSync(join(held.path, 'stdout'), 'utf8')).toBe('first second\n');
  });

  it('that may not be executed ends with 126', async () => {
    const held = newAttempt();
    writeFileSync(join(held.path, 'plain'), 'text', { mode: 0o600 });
    await run(held, join(held.path, 'plain'));
    expect(await end(held)).toMatchObject({ exit: { exitCode: 126 } });
  });

  it('leaves files that only their owner can read', async () => {
    const held = newAttempt();
    await run(held, 'sh', '-c', 'umask > mask');
    await end(held);
    const files = ['holder.pid', 'holder.log', 'stdout', 'stderr', 'exit'];
    expect(files.map((file) => statSync(join(held.path, file)).mode & 0o777)).toEqual(files.map(() => 0o600));
    expect(readFileSync(join(held.path, 'mask'), 'utf8').trim()).toBe(process.umask().toString(8).padStart(4, '0'));
  });

  it('keeps its exit code when its holder is asked to end', async () => {
    const held = newAttempt();
    const holder = await run(held, 'sh', '-c', 'echo on > on; while [ ! -e go-on ]; do sleep 0.005; done; exit 9');
    await lineIn(held.path, 'on');
    for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT'] as const) process.kill(holder, signal);
    await (await open(join(held.path, 'go-on'), 'w')).close();
    expect(await end(held)).toMatchObject({ kind: 'exited', exit: { exitCode: 9, signal: null } });
  });
});

describe('a command that cannot be held', () => {
  it('is misconfigured where its working folder is missing', async () => {
    const held = newAttempt();
    await expect(runWith(held, ['true'], { cwd: join(held.path, 'nowhere') })).rejects.toThrow(expect.objectContaining({ code: hostErrorCodes.misconfigured }));
    expect(existsSync(join(held.path, 'go'))).toBe(false);
  });

  it('is misconfigured where its environment is too large, and is never claimed', async () => {
    const held = newAttempt();
    await expect(runWith(held, ['true'], { variables: { ...environment, HUGE: 'x'.repeat(200_000) } })).rejects.toThrow(expect.objectContaining({ code: hostErrorCodes.misconfigured }));
    expect(inspect(held).kind).toBe('unclaimed');
  });
});
