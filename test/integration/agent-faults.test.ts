import { randomUUID } from 'node:crypto';
import { appendFileSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SessionFolder } from '../../host/session-folder.js';
import { runCli } from '../client/built-cli.js';
import { countCopies, CopyCounter } from '../support/copies.js';
import { everyItemOnce, Installation, until } from '../support/installation.js';

const shim = new Installation();
beforeAll(() => shim.up());
afterAll(() => shim.remove());

const by = { by: 'test' };
const fast = { policy: { healthyAfterMs: 1 }, parameters: { backoffBaseMs: 50 } };

describe('an agent that is killed', () => {
  it.each(['kill-before', 'kill-in', 'kill-after'])('%s an external write goes on where it was, and no item is lost or done twice', async (fail) => {
    const session = await shim.startScripted(`a-${fail}`, ['--items', '5', '--fail', fail, '--fail-at', '3'], fast);
    await session.until('completed');
    expect(session.verify(5)).toEqual(everyItemOnce);
    expect(session.ends()).toEqual(['killed', 'completed']);
    const receipt = await session.receipt(2);
    expect(receipt.cause).toMatchObject({ exitClass: 'killed', signal: 'SIGKILL' });
    expect(receipt.inFlight.map(({ summary }) => summary)).toEqual(['{"item":3}']);
    expect(receipt.proofOfDeath.remaining).toBe(0);
    expect(receipt.fidelity).toMatchObject({ pending: { before: 1, told: 1 }, overall: 1 });
  });

  it('from outside, again and again, never has two copies', async () => {
    const session = await shim.startScripted('a-again', ['--items', '12', '--step-ms', '40'], { ...fast, policy: { healthyAfterMs: 1, intensity: { maxFailures: 20, windowMs: 60_000 } } });
    const copies = new CopyCounter(session.ledger);
    for (const item of [2, 5, 8, 11]) {
      await session.untilItem(item);
      process.kill(session.pid(), 'SIGKILL');
      await session.untilItem(item, 'end');
    }
    await session.until('completed');
    copies.stop();
    expect(copies.most).toBe(1);
    expect(session.verify(12)).toEqual(everyItemOnce);
  });
});

describe('an agent that hangs', () => {
  it('by SIGSTOP is found by the watchdog, ended and resumed', async () => {
    const session = await shim.startScripted('h-stop', ['--items', '6', '--step-ms', '60'], { limits: { hangToolTimeoutMs: 60_000 }, parameters: { hangTimeoutMs: 1_500 } });
    await session.untilItem(3);
    process.kill(session.pid(), 'SIGSTOP');
    await session.until('completed');
    expect(session.ends()).toEqual(['hung', 'completed']);
    expect(session.verify(6)).toEqual(everyItemOnce);
  });

  it('without a word is found by its silence', async () => {
    const session = await shim.startScripted('h-silent', ['--items', '4', '--fail', 'hang'], { limits: { hangToolTimeoutMs: 1_500 }, parameters: { hangTimeoutMs: 1_500 } });
    await session.until('completed');
    expect(session.ends()).toEqual(['hung', 'completed']);
    expect(session.verify(4)).toEqual(everyItemOnce);
  });
});

describe('the end of an agent', () => {
  it('with exit 0 but without a result is no success', async () => {
    const session = await shim.startScripted('e-no-result', ['--items', '2', '--fail', 'no-result'], fast);
    await session.until('completed');
    expect(session.ends()).toEqual(['crashed', 'completed']);
    expect(session.verify(2)).toEqual(everyItemOnce);
  });

  it('with a result but without an exit is a success after the grace', async () => {
    const session = await shim.startScripted('e-linger', ['--items', '2', '--fail', 'linger'], { limits: { resultGraceMs: 300 } });
    await session.until('completed');
    expect(session.ends()).toEqual(['completed']);
    expect(countCopies(session.ledger)).toBe(0);
  });

  it('by its own heap is out_of_memory', async () => {
    const session = await shim.startScripted('e-heap', ['--items', '3', '--fail', 'out-of-memory'], fast);
    await session.until('completed');
    expect(session.ends()).toEqual(['out_of_memory', 'completed']);
  });

  it('by the memory limit is out_of_memory, and the session fails when it happens too often', async () => {
    const session = await shim.startScripted('e-limit', ['--items', '300'], { limits: { memoryBytes: 1_000_000 }, policy: { intensity: { maxFailures: 0, windowMs: 60_000 } } });
    const status = await session.until('failed');
    expect(session.ends()).toEqual(['out_of_memory']);
    expect(status.reason).toContain('allowed');
  });

  it('by a wrong key fails at once: no loop', async () => {
    const session = await shim.startScripted('e-auth', ['--fail', 'auth', '--fail-attempts', '9']);
    const status = await session.until('failed');
    expect(session.ends()).toEqual(['auth_failed']);
    expect(status.reason).toContain('Invalid API key');
  });

  it('by a full context is followed by smaller resumes, never by the same one', async () => {
    const session = await shim.startScripted('e-full', ['--items', '3', '--fail', 'context-full', '--fail-attempts', '2']);
    await session.until('completed');
    expect(session.ends()).toEqual(['context_full', 'context_full', 'completed']);
    expect([2, 3].map((epoch) => session.folder.attempt(epoch).record()?.strategy)).toEqual(['fork', 'brief']);
  });

  it('by a context in the danger zone is a checkpoint and a fresh start, which burns no restart', async () => {
    const session = await shim.startScripted('e-recycle', ['--items', '6', '--fill-context', '--step-ms', '150'], { policy: { intensity: { maxFailures: 0, windowMs: 60_000 } } });
    await session.until('completed');
    expect(session.ends()[0]).toBe('recycled');
    expect(session.ends().at(-1)).toBe('completed');
    expect(session.verify(6)).toEqual(everyItemOnce);
  });

  it('by a context that is full from the start is no endless loop of fresh starts', async () => {
    const session = await shim.startScripted('e-storm', ['--items', '50', '--fill-context'], { parameters: { dangerZone: 0.1 } });
    const status = await session.until('failed');
    expect(session.ends()).toEqual(['recycled', 'recycled', 'recycled']);
    expect(status.reason).toContain('raise the danger zone');
  });
});

describe('a limit', () => {
  it('is waited out until its reset, and burns no restart', async () => {
    const session = await shim.startScripted('l-limit', ['--items', '3', '--fail', 'limit', '--limit-seconds', '2'], { policy: { intensity: { maxFailures: 0, windowMs: 60_000 } } });
    const waiting = await session.until('waiting_for_limit');
    expect(waiting.untilMs).toBeGreaterThan(Date.now() - 1_000);
    await session.until('completed');
    expect(session.folder.attempt(2).record()?.startedAtMs).toBeGreaterThanOrEqual(waiting.untilMs ?? Number.POSITIVE_INFINITY);
    expect(session.ends()).toEqual(['limit_reached', 'completed']);
  });
});

describe('a crash loop', () => {
  it('backs off, then fails visibly, and goes on after a reset', async () => {
    const session = await shim.startScripted('c-loop', ['--items', '3', '--fail', 'exit', '--fail-attempts', '3'], {
      policy: { backoff: { jitter: 0 }, intensity: { maxFailures: 2, windowMs: 60_000 } },
      parameters: { backoffBaseMs: 400 },
    });
    const failed = await session.until('failed');
    expect(failed.reason).toContain('3 failures');
    expect(failed.ends.map(({ decision }) => decision)).toEqual(['restart at once (native)', 'restart after 400 ms (native)', expect.stringContaining('fail')]);
    await shim.client.reset('c-loop', by);
    await session.until('completed');
    expect(session.ends()).toEqual(['crashed', 'crashed', 'crashed', 'completed']);
    expect(session.verify(3)).toEqual(everyItemOnce);
  });
});

describe('a stop', () => {
  it('during a back-off stays a stop', async () => {
    const session = await shim.startScripted('s-backoff', ['--fail', 'exit', '--fail-attempts', '99'], { parameters: { backoffBaseMs: 60_000 } });
    await session.until('backing_off');
    await shim.client.stop('s-backoff', by);
    await session.until('stopped');
    expect(session.folder.tombstone()).not.toBeNull();
    expect(countCopies(session.ledger)).toBe(0);
  });

  it('kills what ignores TERM at the end of its grace, and what left by setsid too', async () => {
    const session = await shim.startScripted('s-stubborn', ['--items', '500', '--ignore-term', '--daemon'], { limits: { stopGraceMs: 400 } });
    await session.untilItem(2);
    const { treeId } = session.folder.attempt(1).record() ?? { treeId: 'none' };
    expect(processesOf(treeId)).toBeGreaterThan(2);
    await shim.client.stop('s-stubborn', by);
    await session.until('stopped');
    expect(processesOf(treeId)).toBe(0);
    expect(session.ends()).toEqual(['stopped']);
  });
});

describe('a pause', () => {
  it('keeps the session, and a resume goes on where it was', async () => {
    const session = await shim.startScripted('p-pause', ['--items', '8', '--step-ms', '60']);
    await session.untilItem(3);
    await shim.client.pause('p-pause', { by: 'test', reason: 'lunch' });
    const paused = await session.until('paused');
    expect(paused.reason).toContain('lunch');
    expect(countCopies(session.ledger)).toBe(0);
    await shim.client.resume('p-pause', by);
    await session.until('completed');
    expect(session.verify(8)).toEqual(everyItemOnce);
  });
});

describe('a checkpoint', () => {
  it('that was altered is rejected by its hash, and the one before is used', async () => {
    const session = await shim.startScripted('k-flip', ['--items', '20', '--step-ms', '100'], fast);
    await session.untilItem(2);
    await checkpointWith(session.name, 'one');
    await checkpointWith(session.name, 'two');
    const folder = join(session.folder.checkpointsPath);
    const ids = readdirSync(folder).filter((name) => name.startsWith('ck-')).sort();
    const manifest = join(folder, ids.at(-1) ?? '', 'manifest.json');
    const bytes = readFileSync(manifest);
    bytes.writeUInt8(bytes.readUInt8(100) ^ 1, 100);
    writeFileSync(manifest, bytes);
    process.kill(session.pid(), 'SIGKILL');
    const receipt = await session.receipt(2);
    expect(receipt.checkpoint.rejected.map(({ id }) => id)).toEqual([ids.at(-1)]);
    expect(receipt.checkpoint.used?.id).toBe(ids.at(-2));
  });

  it('brings the working folder back where it has gone', async () => {
    const session = await shim.startScripted('k-folder', ['--items', '20', '--step-ms', '100'], fast);
    await session.untilItem(1);
    await checkpointWith('k-folder', 'precious');
    const cwd = join(shim.folder, 'k-folder');
    rmSync(cwd, { recursive: true });
    process.kill(session.pid(), 'SIGKILL');
    const receipt = await session.receipt(2);
    expect(readFileSync(join(cwd, 'notes.txt'), 'utf8')).toContain('precious');
    expect(receipt.lost.join()).toContain('the working folder was gone');
  });

  async function checkpointWith(name: string, content: string): Promise<void> {
    appendFileSync(join(shim.folder, name, 'notes.txt'), `${content}\n`);
    const before = (await shim.client.status(name)).checkpoint?.id;
    await shim.client.checkpointNow(name, by);
    await until(() => checkpointIds(name).at(-1) !== before, 'a new checkpoint');
    const status = await shim.client.waitForCheckpoint(name, 20_000);
    expect(status.checkpointProblem).toBeNull();
    expect(status.checkpoint?.id).not.toBe(before);
  }

  function checkpointIds(name: string): string[] {
    return readdirSync(join(shim.home, 'sessions', name, 'checkpoints')).filter((entry) => entry.startsWith('ck-')).sort();
  }
});

describe('a secret that an agent is given and gives away', () => {
  it('is in no log, history, answer, record or metric, and what is said with it is', async () => {
    const secret = `tk_${randomUUID()}`;
    const script = 'echo "said $API_TOKEN aloud"; echo "died of $API_TOKEN" >&2; exit 3';
    await shim.start({ name: 'n-secret', agent: 'command', argv: ['sh', '-c', script], cwd: shim.folder, environmentNames: ['API_TOKEN'], policy: { restart: 'never' } }, { ...shim.environment, API_TOKEN: secret });
    const { reason } = await shim.client.waitForState('n-secret', ['failed'], 60_000);
    const folder = new SessionFolder(shim.home, 'n-secret');
    const answers = await Promise.all([['logs', 'n-secret'], ['why', 'n-secret'], ['status', 'n-secret', '--json'], ['history', 'n-secret', '--json']].map((argv) => runCli(argv, { SHIM_HOME: shim.home })));
    const records = ['spec.json', 'state.json', join('attempts', '000001', 'report.json'), join('attempts', '000001', 'live.json')].map((file) => readFileSync(join(folder.path, file), 'utf8'));
    const told = [reason, await shim.history('n-secret'), ...answers.map(({ stdout, stderr }) => stdout + stderr), ...records, ...(await metrics())];
    expect(answers[0]?.stdout).toMatch(/said .*REDACTED.* aloud/i);
    expect(told.filter((text) => text.includes(secret))).toEqual([]);
  });

  /** What each worker serves. */
  async function metrics(): Promise<string[]> {
    const targets = readdirSync(join(shim.home, 'run', 'metrics-targets')).flatMap((file) => JSON.parse(readFileSync(join(shim.home, 'run', 'metrics-targets', file), 'utf8')) as { targets: string[] }[]);
    const addresses = targets.flatMap((target) => target.targets);
    expect(addresses.length).toBeGreaterThan(1);
    return Promise.all(addresses.map(async (address) => (await fetch(`http://${address}/metrics`)).text()));
  }
});

describe('a session whose working folder has gone', () => {
  it('and that has no checkpoint of it fails with what to do', async () => {
    const session = await shim.startScripted('m-folder', ['--items', '50']);
    await session.untilItem(1);
    await shim.client.pause('m-folder', by);
    await session.until('paused');
    rmSync(session.folder.checkpointsPath, { recursive: true });
    rmSync(join(shim.folder, 'm-folder'), { recursive: true });
    await shim.client.resume('m-folder', by);
    const status = await session.until('failed');
    expect(status.reason).toMatch(/working folder .* is not there; make it, then: shim reset m-folder/);
    expect(session.ends()).toEqual(['stopped']);
  });
});

function processesOf(treeId: string): number {
  const marker = `SHIM_TREE=${treeId}`;
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      const state = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.[0];
      return state !== 'Z' && readFileSync(`/proc/${pid}/environ`, 'utf8').includes(marker);
    } catch (error) {
      if (error instanceof Error && 'code' in error) return false;
      throw error;
    }
  }).length;
}
