import { once } from 'node:events';
import { execFileSync, spawnSync } from 'node:child_process';
import { appendFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { SessionSpec } from '../../domain/session.js';
import { CheckpointRepository } from '../../host/checkpoints/checkpoint-repository.js';
import { ShadowRepository } from '../../host/checkpoints/shadow-repository.js';
import { bearsMarker, isDead, readBootId, readProcess, readProcessTable } from '../../host/process/process-table.js';
import { SessionFolder } from '../../host/session-folder.js';
import { ensureShimHome } from '../../host/shim-home.js';
import { SupervisorDaemon } from '../../host/supervisor-daemon.js';
import { canFreeze, freeze } from '../support/freezer.js';
import { KeptReports, startRequest, starts, useLocalHost } from '../support/local-host.js';

const local = useLocalHost();
const { contextOf, newHost, newSpec } = local;

describe('an agent that outlives its holder', () => {
  it('is dead before its last output is read: whatever it did meanwhile is in the report', async () => {
    const reports = new KeptReports();
    const host = newHost(contextOf(reports));
    const call = JSON.stringify({ type: 'assistant', message: { content: [{ type: 'tool_use', id: 'call', name: 'work', input: {} }] } });
    const spec = newSpec('outlives', { argv: ['/bin/sh', '-c', `echo $$ >> starts; while :; do echo '${call}'; sleep 0.01; done`] });
    const { pid } = await host.startAgent(startRequest(spec, 1));
    const [agent = 0] = await starts(spec, 1);
    const ended = once(reports, 'ended');
    process.kill(pid, 'SIGKILL');
    await ended;
    expect(readProcess(agent)?.state ?? 'gone').toMatch(/gone|Z/);
    const said = readFileSync(join(new SessionFolder(local.home, 'outlives').attempt(1).path, 'stdout'), 'utf8').trim().split('\n');
    expect(reports.ends).toMatchObject([{ exitClass: 'lost', toolCalls: said.length }]);
  });
});

describe('an attempt with a process that does not die', () => {
  it.skipIf(!canFreeze())('is ended as it was to be as soon as it can be, with whoever asked meanwhile', async () => {
    const reports = new KeptReports();
    const host = newHost(contextOf(reports));
    const spec = newSpec('frozen');
    const request = startRequest(spec, 1);
    await host.startAgent(request);
    const [agent = 0] = await starts(spec, 1);
    const thaw = await freeze(agent);
    try {
      const runner = host.liveRunners.find(({ key }) => key.name === 'frozen');
      const hung = runner?.end({ exitClass: 'hung', reason: 'said nothing' }, { checkpointFirst: false, graceMs: 0 });
      const stop = { ...request, mode: 'stop', reason: 'by hand' } as const;
      const failed = { status: 'rejected', reason: { code: 'NotProvedDead', message: expect.stringContaining(String(agent)) } };
      expect(await Promise.allSettled([hung, host.stopAgent(stop)])).toMatchObject([failed, failed]);
      await thaw();
      const ended = once(reports, 'ended');
      runner?.tick(null);
      await ended;
      expect(reports.ends).toMatchObject([{ exitClass: 'hung', reason: 'said nothing' }]);
      expect(await host.stopAgent(stop)).toMatchObject({ report: { exitClass: 'hung' } });
    } finally {
      await thaw();
    }
  });
});

describe('an end on a disk that is full', () => {
  it.skipIf(!canMount())('is told all the same, with what was in flight, and the session goes on when there is room', async () => {
    const home = join(local.home, 'small');
    mkdirSync(home);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'shim-test', home]);
    try {
      ensureShimHome(home);
      const reports = new KeptReports();
      const context = { ...contextOf(reports), home };
      const troubles: string[] = [];
      context.events.on('trouble', ({ what }) => troubles.push(what));
      const host = newHost(context);
      const call = JSON.stringify({ type: 'assistant', message: { content: [{ type: 'tool_use', id: 'call', name: 'work', input: { item: 7 } }] } });
      const spec = newSpec('full', { argv: ['/bin/sh', '-c', `echo '${call}'; echo $$ >> starts; exec sleep 60`] });
      cpSync(join(local.home, 'env'), join(home, 'env'), { recursive: true });
      await host.startAgent(startRequest(spec, 1));
      const [agent = 0] = await starts(spec, 1);
      const folder = new SessionFolder(home, 'full');
      await expect.poll(() => host.liveRunners[0]?.collector.signals.pending.length).toBe(1);
      const ballast = join(home, 'ballast');
      fillDisk(ballast);
      const ended = once(reports, 'ended');
      process.kill(agent, 'SIGKILL');
      await ended;
      // Where the holder cannot write how it ended, that is not known.
      expect(reports.ends).toMatchObject([{ exitClass: expect.stringMatching(/killed|lost/), pending: [{ tool: 'work' }] }]);
      expect(folder.attempt(1).report()).toBeNull();
      expect(troubles).toContain('write the report');
      rmSync(ballast);
      await host.startAgent(startRequest(spec, 2));
      expect(folder.attempt(1).report()).toMatchObject({ exitClass: expect.stringMatching(/killed|lost/), pending: [{ tool: 'work' }] });
      await expect.poll(() => folder.attempt(2).receipt()?.inFlight).toMatchObject([{ tool: 'work' }]);
      expect(readdirSync(folder.attempt(1).path).filter((file) => file.endsWith('.tmp'))).toEqual([]);
      for (const runner of host.liveRunners) await runner.end({ exitClass: 'stopped', reason: 'end of the test' }, { checkpointFirst: false, graceMs: 0 });
    } finally {
      execFileSync('umount', ['--lazy', home]);
    }
  });
});

describe('an end that cannot be written down', () => {
  it('is waited for: what was in flight is told to the next agent, which does not begin before', async () => {
    const reports = new KeptReports();
    const host = newHost(contextOf(reports));
    const call = JSON.stringify({ type: 'assistant', message: { content: [{ type: 'tool_use', id: 'call', name: 'work', input: { item: 7 } }] } });
    const spec = newSpec('unwritten', { argv: ['/bin/sh', '-c', `echo '${call}'; echo $$ >> starts; exec sleep 60`] });
    await host.startAgent(startRequest(spec, 1));
    const [agent = 0] = await starts(spec, 1);
    await expect.poll(() => host.liveRunners[0]?.collector.signals.pending.length).toBe(1);
    const attempt = new SessionFolder(local.home, 'unwritten').attempt(1);
    const inTheWay = join(attempt.path, `report.json.${process.pid}.tmp`);
    mkdirSync(inTheWay);
    const ended = once(reports, 'ended');
    process.kill(agent, 'SIGKILL');
    await ended;
    await expect(host.startAgent(startRequest(spec, 2))).rejects.toThrow('the end of attempt 1 of unwritten is not written down yet');
    expect(await starts(spec, 1)).toEqual([agent]);
    rmdirSync(inTheWay);
    await host.startAgent(startRequest(spec, 2));
    await expect.poll(() => new SessionFolder(local.home, 'unwritten').attempt(2).receipt()?.inFlight).toMatchObject([{ tool: 'work' }]);
  });
});

describe('what a worker that was killed in the midst of a write has left', () => {
  it('is taken away by the next one', async () => {
    const host = newHost();
    const spec = newSpec('torn');
    await host.startAgent(startRequest(spec, 1));
    host.detach();
    const folder = new SessionFolder(local.home, 'torn');
    const left = [join(folder.path, 'state.json.4711.tmp'), join(folder.path, 'tombstone.json.541082163'), join(folder.attempt(1).path, 'live.json.4711.tmp'), join(folder.attempt(1).path, 'report.sent.4711.tmp')];
    const halfMade = join(folder.checkpointsPath, 'ck-0099');
    mkdirSync(halfMade);
    left.push(join(halfMade, 'manifest.json.4711'));
    for (const file of left) writeFileSync(file, '{"half":');
    const daemon = new SupervisorDaemon(contextOf());
    await daemon.start();
    expect([...left, halfMade].filter((file) => existsSync(file))).toEqual([]);
    for (const runner of daemon.sessions.liveRunners) await runner.end({ exitClass: 'stopped', reason: 'end of the test' }, { checkpointFirst: false, graceMs: 0 });
    daemon.stop();
  });
});

describe('an attempt that runs', () => {
  it('is told of by the next worker where the one that saw it was ended before its session was told, and by no other', async () => {
    const unheard = new KeptReports();
    const tell = unheard.running.bind(unheard);
    unheard.running = (key) => tell(key).then(() => new Promise<never>(() => undefined));
    const spec = newSpec('unheard', { argv: ['/bin/sh', '-c', 'echo $$ >> starts; echo \'{"type":"system","subtype":"init","session_id":"s"}\'; exec sleep 60'] });
    const folder = new SessionFolder(local.home, 'unheard');
    const first = newHost(contextOf(unheard));
    await first.startAgent(startRequest(spec, 1));
    await expect.poll(() => unheard.toldToRun).toEqual(['unheard/1']);
    first.detach();
    const [heard, later] = [new KeptReports(), new KeptReports()];
    const second = newHost(contextOf(heard));
    await second.adopt(folder);
    expect(heard.toldToRun).toEqual(['unheard/1']);
    await nextTurn();
    second.detach();
    await newHost(contextOf(later)).adopt(folder);
    expect(later.toldToRun).toEqual([]);
  });
});

describe('a start that is asked for', () => {
  it('twice at once spawns once', async () => {
    const host = newHost();
    const spec = newSpec('twice');
    const input = startRequest(spec, 1);
    const answers = await Promise.all([host.startAgent(input), host.startAgent(input), host.startAgent(input)]);
    expect(answers.map(({ adopted }) => adopted).filter((adopted) => !adopted)).toHaveLength(1);
    expect(await starts(spec, 1)).toHaveLength(1);
  });

  it('again before its holder has claimed it waits for that holder, and starts no second one', async () => {
    const host = newHost();
    const spec = newSpec('on-its-way');
    const input = startRequest(spec, 1);
    const { pid } = await host.startAgent(input);
    process.kill(pid, 'SIGSTOP');
    expect(await host.startAgent(input)).toMatchObject({ pid, adopted: true });
    process.kill(pid, 'SIGCONT');
    expect(await starts(spec, 1)).toHaveLength(1);
    expect(readFileSync(join(new SessionFolder(local.home, 'on-its-way').attempt(1).path, 'holder.pid'), 'utf8')).toBe(`${pid}\n`);
    expect(host.liveRunners).toHaveLength(1);
  });

  it('again by another worker is adopted, not repeated', async () => {
    const first = newHost();
    const spec = newSpec('again');
    const input = startRequest(spec, 1);
    const { pid } = await first.startAgent(input);
    await starts(spec, 1);
    first.detach();
    const second = newHost();
    expect(await second.startAgent(input)).toMatchObject({ pid, adopted: true });
    expect(await starts(spec, 1)).toHaveLength(1);
  });

  it('with a lower epoch, or the same one and another id, is stale', async () => {
    const host = newHost();
    const spec = newSpec('stale');
    await host.startAgent(startRequest(spec, 3));
    await expect(host.startAgent(startRequest(spec, 2))).rejects.toMatchObject({ code: 'StaleEpoch', details: { highest: 3 } });
    await expect(host.startAgent(startRequest(spec, 3))).rejects.toMatchObject({ code: 'StaleEpoch', details: { highest: 3 } });
    expect(await starts(spec, 1)).toHaveLength(1);
  });

  it('with a higher epoch ends the attempt before, and says so', async () => {
    const reports = new KeptReports();
    const host = newHost(contextOf(reports));
    const spec = newSpec('higher');
    await host.startAgent(startRequest(spec, 1));
    const [before = 0] = await starts(spec, 1);
    await host.startAgent(startRequest(spec, 2));
    expect(await starts(spec, 2)).toHaveLength(2);
    expect(readProcess(before)?.state ?? 'gone').toMatch(/gone|Z/);
    expect(new SessionFolder(local.home, 'higher').attempt(1).report()).toMatchObject({ exitClass: 'lost' });
    const receipt = new SessionFolder(local.home, 'higher').attempt(2).receipt();
    expect(receipt?.proofOfDeath).toMatchObject({ remaining: 0, killed: expect.any(Number) as number });
    expect(receipt?.proofOfDeath.killed).toBeGreaterThanOrEqual(1);
  });

  it('after a stop is refused, for the tombstone', async () => {
    const host = newHost();
    const spec = newSpec('tomb');
    const input = startRequest(spec, 1);
    await host.startAgent(input);
    const { report } = await host.stopAgent({ ...input, mode: 'stop', reason: 'by a test' });
    expect(report).toMatchObject({ exitClass: 'stopped', reason: 'by a test' });
    await expect(host.startAgent(startRequest(spec, 2))).rejects.toMatchObject({ code: 'SessionStopped' });
  });

  it('whose environment is gone can be stopped, and its tree dies', async () => {
    const first = newHost();
    const spec = newSpec('bare');
    const input = startRequest(spec, 1);
    await first.startAgent(input);
    const [pid = 0] = await starts(spec, 1);
    first.detach();
    rmSync(join(local.home, 'env', `${spec.sessionId}.json`));
    expect(await newHost().stopAgent({ ...input, mode: 'stop', reason: 'by a test' })).toEqual({ report: null });
    expect(readProcess(pid)?.state ?? 'gone').toMatch(/gone|Z/);
    expect(new SessionFolder(local.home, 'bare').tombstone()).toMatchObject({ reason: 'by a test' });
  });

  it('under a name that was used before puts the old session aside', async () => {
    const host = newHost();
    const old = newSpec('reused');
    const input = startRequest(old, 1);
    await host.startAgent(input);
    await host.stopAgent({ ...input, mode: 'stop', reason: 'done with' });
    const next = newSpec('reused');
    await host.startAgent(startRequest(next, 1));
    expect(new SessionFolder(local.home, 'reused').spec()?.sessionId).toBe(next.sessionId);
    expect(existsSync(join(local.home, 'archive', `reused-${old.sessionId}`, 'tombstone.json'))).toBe(true);
  });

  it.each(['../../x', 'a/b', '..', '.hidden', 'a\0b', 'x'.repeat(64), ''])('under the name %j touches nothing', async (name) => {
    const host = newHost();
    const spec = { ...newSpec('harmless'), name };
    await expect(host.startAgent(startRequest(spec, 1))).rejects.toThrow();
    expect(existsSync(join(local.home, 'sessions', 'harmless'))).toBe(false);
  });

  it('under a name that is a link writes nothing through it', async () => {
    const host = newHost();
    const elsewhere = join(local.home, 'elsewhere');
    mkdirSync(elsewhere);
    mkdirSync(join(local.home, 'sessions'), { recursive: true });
    symlinkSync(elsewhere, join(local.home, 'sessions', 'linked'));
    await expect(host.startAgent(startRequest(newSpec('linked'), 1))).rejects.toMatchObject({ code: 'Misconfigured', message: expect.stringContaining('is a link') as string });
    expect(readdirSync(elsewhere)).toEqual([]);
  });

  it.each([
    ['a missing program', { argv: ['/nowhere/at-all'] }, /cannot find the program/],
    ['a missing folder', { cwd: '/nowhere/at-all' }, /working folder \/nowhere\/at-all is not there/],
  ])('with %s is misconfigured', async (_what, change, message) => {
    const host = newHost();
    const refused = host.startAgent(startRequest(newSpec('wrong', change), 1));
    await expect(refused).rejects.toMatchObject({ code: 'Misconfigured' });
    await expect(refused).rejects.toThrow(message);
  });
});

describe('a stop while a checkpoint is made', () => {
  it('stays a stop: all is dead, nothing starts again, and no half of the checkpoint is left', async () => {
    const host = newHost();
    const spec = newSpec('halfway');
    for (let file = 0; file < 300; file += 1) writeFileSync(join(spec.cwd, `file-${file}`), `${file}\n`.repeat(1_000));
    await host.startAgent(startRequest(spec, 1));
    const [agent = 0] = await starts(spec, 1);
    const { key } = host.liveRunners[0] ?? expect.fail('it does not run');
    const checkpoint = host.createCheckpoint({ ...key, trigger: 'user_requested' }).then(({ id }) => id, (error: unknown) => error);
    expect(await host.stopAgent({ ...key, mode: 'stop', reason: 'enough' })).toMatchObject({ report: { exitClass: 'stopped' } });
    expect(readProcess(agent)?.state ?? 'gone').toMatch(/gone|Z/);
    await expect(host.startAgent(startRequest(spec, 2))).rejects.toMatchObject({ code: 'SessionStopped' });
    await checkpoint;
    const { checkpointsPath } = new SessionFolder(local.home, 'halfway');
    const repository = new CheckpointRepository(checkpointsPath, new ShadowRepository(join(checkpointsPath, 'git'), spec.cwd));
    const { manifests, rejected } = await repository.list();
    expect(rejected).toEqual([]);
    for (const { id } of manifests) expect(await repository.verify(id)).toBeNull();
    expect(manifests.at(-1)?.tree.files).toBe(301);
  });
});

describe('the next attempt', () => {
  it('is prepared for while its start is decided on, and takes the holder that waits', async () => {
    const reports = new KeptReports();
    const host = newHost(contextOf(reports));
    const spec = newSpec('prepared');
    const { pid: first } = await host.startAgent(startRequest(spec, 1));
    const [pid = 0] = await starts(spec, 1);
    process.kill(pid, 'SIGKILL');
    const waitingOnes = () => holdersOf(spec).filter((holder) => holder !== first);
    await expect.poll(() => waitingOnes().length, { interval: 2, timeout: 5_000 }).toBe(1);
    const waiting = waitingOnes();
    expect(await starts(spec, 1)).toHaveLength(1);
    const { pid: holder } = await host.startAgent(startRequest(spec, 2));
    expect(waiting).toEqual([holder]);
    expect(await starts(spec, 2)).toHaveLength(2);
  });

  it('is not prepared for any longer when the session is stopped, or the worker lets go', async () => {
    const host = newHost();
    const specs = [newSpec('halted'), newSpec('let-go')];
    for (const spec of specs) {
      const { pid: first } = await host.startAgent(startRequest(spec, 1));
      const [pid = 0] = await starts(spec, 1);
      process.kill(pid, 'SIGKILL');
      await expect.poll(() => holdersOf(spec).filter((holder) => holder !== first).length, { interval: 2, timeout: 5_000 }).toBe(1);
    }
    const [halted, letGoOf] = specs as [SessionSpec, SessionSpec];
    await host.stopAgent({ sessionId: halted.sessionId, name: halted.name, epoch: 1, attemptId: '', mode: 'stop', reason: 'test' });
    await expect.poll(() => holdersOf(halted).length, { interval: 2, timeout: 5_000 }).toBe(0);
    host.detach();
    await expect.poll(() => holdersOf(letGoOf).length, { interval: 2, timeout: 5_000 }).toBe(0);
  });
});

/** Pids of the living shells that hold, or wait to hold, an attempt of the session. */
function holdersOf(spec: SessionSpec): number[] {
  return [...readProcessTable().values()].filter((info) => !isDead(info) && info.session === info.pid && bearsMarker(info.pid, `SHIM_SESSION=${spec.sessionId}`)).map(({ pid }) => pid);
}

describe('an attempt that ended while no worker was there', () => {
  it.each([
    ['by a kill', 'killed'],
    ['by a restart of the machine', 'host_rebooted'],
  ] as const)('%s owes its end, which the daemon sends', async (_how, exitClass) => {
    const first = newHost();
    const spec = newSpec('owed');
    await first.startAgent(startRequest(spec, 1));
    const [pid = 0] = await starts(spec, 1);
    first.detach();
    process.kill(pid, 'SIGKILL');
    await expect.poll(() => existsSync(join(local.home, 'sessions', 'owed', 'attempts', '000001', 'exit')), { interval: 5 }).toBe(true);
    const reports = new KeptReports();
    const ended = once(reports, 'ended');
    const daemon = new SupervisorDaemon(contextOf(reports, exitClass === 'host_rebooted' ? 'another-boot' : readBootId()));
    daemon.setInitStrategy('sequential');
    expect(await daemon.start()).toEqual({ adopted: 0, owed: 1 });
    expect(await ended).toMatchObject([{ exitClass }]);
    daemon.stop();
  });
});

describe('an attempt whose holder was killed while no worker was there', () => {
  it('is told as lost, and that nobody was there to see it: whatever it was took the worker along', async () => {
    const first = newHost();
    const spec = newSpec('unwatched');
    const { pid: holder } = await first.startAgent(startRequest(spec, 1));
    const [agent = 0] = await starts(spec, 1);
    first.detach();
    for (const pid of [holder, agent]) process.kill(pid, 'SIGKILL');
    await expect.poll(() => [holder, agent].map((pid) => readProcess(pid)?.state ?? 'gone'), { interval: 5 }).not.toContainEqual(expect.stringMatching(/^[RSDT]$/));
    const reports = new KeptReports();
    const ended = once(reports, 'ended');
    const daemon = new SupervisorDaemon(contextOf(reports));
    expect(await daemon.start()).toEqual({ adopted: 0, owed: 1 });
    expect(await ended).toMatchObject([{ exitClass: 'lost', unwatched: true }]);
    expect(new SessionFolder(local.home, 'unwatched').attempt(1).report()).toMatchObject({ exitClass: 'lost', unwatched: true });
    daemon.stop();
  });
});

describe('an attempt that ends with much of its output unread', () => {
  /** Writes faster than anybody reads, and dies of a signal. */
  const flood = ['/bin/sh', '-c', 'yes "a line of forty characters, or thereabouts" | head -c 20000000; echo the last line; kill -9 $$'];
  const lastLogged = () => readFileSync(join(local.home, 'sessions', 'flood', 'log', 'session.log'), 'utf8').trimEnd().split('\n').slice(-2);

  it('is reported when all of it was read, and holds up nothing meanwhile', async () => {
    const reports = new KeptReports();
    const host = newHost(contextOf(reports));
    await host.startAgent(startRequest(newSpec('flood', { argv: flood }), 1));
    let longestTurnMs = 0;
    let before = process.cpuUsage();
    while (reports.ends.length === 0) {
      await nextTurn();
      const { user, system } = process.cpuUsage(before);
      // Time of this process alone: what others take of the machine does not count.
      longestTurnMs = Math.max(longestTurnMs, (user + system) / 1_000);
      before = process.cpuUsage();
    }
    expect(reports.ends).toMatchObject([{ exitClass: 'killed' }]);
    expect(longestTurnMs).toBeLessThan(300);
    await expect.poll(lastLogged).toEqual([expect.stringContaining('the last line'), expect.stringContaining('attempt 1 ended: killed')]);
  });

  it('and while no worker was there, owes its end all the same', async () => {
    const first = newHost();
    await first.startAgent(startRequest(newSpec('flood', { argv: flood }), 1));
    first.detach();
    await expect.poll(() => existsSync(join(local.home, 'sessions', 'flood', 'attempts', '000001', 'exit')), { interval: 5, timeout: 20_000 }).toBe(true);
    const reports = new KeptReports();
    const ended = once(reports, 'ended');
    const daemon = new SupervisorDaemon(contextOf(reports));
    expect(await daemon.start()).toEqual({ adopted: 0, owed: 1 });
    expect(reports.ends).toEqual([]);
    expect(await ended).toMatchObject([{ exitClass: 'killed' }]);
    expect(lastLogged()).toContainEqual(expect.stringContaining('the last line'));
    daemon.stop();
    expect(reports.ends).toHaveLength(1);
  });
});

describe('secrets of a session', () => {
  it('do not reach its log or its records', async () => {
    const host = newHost();
    const spec = newSpec('secret');
    await host.startAgent(startRequest(spec, 1));
    const log = join(local.home, 'sessions', 'secret', 'log', 'session.log');
    await expect.poll(() => (existsSync(log) ? readFileSync(log, 'utf8') : ''), { interval: 5 }).toContain('the token is [redacted]');
    const folder = new SessionFolder(local.home, 'secret');
    for (const record of [folder.spec(), folder.attempt(1).record(), folder.attempt(1).live()]) expect(JSON.stringify(record)).not.toContain('very-secret-value');
  });
});

describe('records that a crash has torn', () => {
  it('read as missing, at whatever byte', () => {
    const spec = newSpec('torn');
    const folder = new SessionFolder(local.home, 'torn');
    folder.create(spec);
    const path = join(folder.path, 'spec.json');
    const whole = readFileSync(path);
    for (let length = 0; length < whole.length; length += 5) {
      writeFileSync(path, whole.subarray(0, length));
      expect(folder.spec()).toBeNull();
    }
    writeFileSync(path, whole);
    appendFileSync(path, '}');
    expect(folder.spec()).toBeNull();
  });
});

/** Takes all the room that is left. */
function fillDisk(path: string): void {
  const isFull = () => {
    try {
      appendFileSync(path, Buffer.alloc(4_096));
      return false;
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOSPC') return true;
      throw error;
    }
  };
  while (!isFull());
}

/** Only who may mount a small file system can fill one up. */
function canMount(): boolean {
  const disk = mkdtempSync(join(tmpdir(), 'shim-mount-'));
  const isMounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'shim-test', disk], { stdio: 'ignore' }).status === 0;
  if (isMounted) execFileSync('umount', [disk]);
  rmSync(disk, { recursive: true, force: true });
  return isMounted;
}
