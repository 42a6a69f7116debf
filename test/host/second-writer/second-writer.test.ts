import { randomUUID } from 'node:crypto';
import { appendFileSync, existsSync, readFileSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readProcess } from '../../../host/process/process-table.js';
import { SecondWriterWatch } from '../../../host/second-writer/second-writer-watch.js';
import { SupervisorDaemon } from '../../../host/supervisor-daemon.js';
import { KeptReports, startRequest, starts, useLocalHost } from '../../support/local-host.js';
import { endGroup, Scene } from './scene.js';
import { knownPid } from '../../support/known-pid.js';

const local = useLocalHost();
/** Lives until it is killed, and has its conversation, if any, open for appending. */
const waiting = '#!/bin/sh\n[ -z "$OPENS" ] || exec 3>> "$OPENS"\nsleep 600 & wait\n';

let reports: KeptReports;
let watch: SecondWriterWatch;
let scene: Scene;
beforeEach(() => {
  reports = new KeptReports();
  const context = local.contextOf(reports);
  const host = local.newHost(context);
  watch = new SecondWriterWatch(context, () => host.liveRunners, host.writers);
  scene = new Scene(local, host, 'mine');
});
afterEach(() => scene.leave());

/** A Claude Code of somebody else that does nothing. */
const idle = () => scene.program('claude', waiting);

describe('beside a running session', () => {
  it.each([
    ['another process that resumes its conversation', (id: string) => ['--resume', id], 'conversation'],
    ['the same with its id behind an equals sign', (id: string) => [`--resume=${id}`], 'conversation'],
    ['another process that goes on with the newest conversation of the folder', () => ['--continue'], 'newest_conversation'],
  ] as const)('%s is noticed, with who it is, and told once', async (_what, args, evidence) => {
    await scene.begin();
    watch.look();
    expect(reports.writers).toEqual([]);
    const child = await scene.other([idle(), ...args(scene.conversationId)]);
    watch.look();
    watch.look();
    expect(reports.writers).toEqual([{ name: 'mine', evidence, pid: child.pid, program: 'claude', user: userInfo().username, sinceMs: expect.any(Number) as number, startTicks: expect.any(Number) as number }]);
    expect(Math.abs((reports.writers[0]?.sinceMs ?? 0) - Date.now())).toBeLessThan(60_000);
  });

  it('an agent that has its conversation open for writing is noticed', async () => {
    await scene.begin();
    const child = await scene.other([idle(), '-p', 'other words'], { environment: { ...scene.environment, OPENS: scene.transcript }, cwd: local.home });
    await expect.poll(() => existsSync(`/proc/${child.pid}/fd/3`), { interval: 2 }).toBe(true);
    watch.look();
    expect(reports.writers).toMatchObject([{ evidence: 'open_transcript', pid: child.pid }]);
  });

  it("the agent's own background process that has left its tree is noticed", async () => {
    await scene.begin();
    const child = await scene.other([idle(), '--session-id', scene.conversationId], { environment: { CLAUDE_CONFIG_DIR: scene.environment['CLAUDE_CONFIG_DIR'] ?? '', PATH: process.env['PATH'] ?? '' }, cwd: '/' });
    watch.look();
    expect(reports.writers).toMatchObject([{ evidence: 'conversation', pid: child.pid }]);
  });

  it('an agent that another SHIM has begun in the same folder is noticed, and in another folder not', async () => {
    await scene.begin();
    const holder = ['/bin/sh', '-c', 'sleep 600; true'];
    const environment = { PATH: process.env['PATH'] ?? '', SHIM_TREE: randomUUID(), SHIM_SESSION: randomUUID() };
    await scene.other(holder, { environment, cwd: local.home });
    watch.look();
    expect(reports.writers).toEqual([]);
    const child = await scene.other(holder, { environment });
    await expect.poll(() => readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8'), { interval: 2 }).not.toBe('');
    watch.look();
    expect(reports.writers).toMatchObject([{ evidence: 'other_shim', program: 'sleep' }]);
  });

  it('somebody whose writing alone is seen is noticed', async () => {
    await scene.begin();
    watch.look();
    appendFileSync(scene.transcript, `${JSON.stringify({ type: 'user', message: { content: 'x'.repeat(5_000) } })}\n`);
    watch.look();
    expect(reports.writers).toMatchObject([{ evidence: 'growth', pid: null }]);
  });

  it('somebody whose writing alone is seen is taken for the agent in the same folder, where there is one', async () => {
    await scene.begin();
    const child = await scene.other([idle(), '-p', 'other words']);
    watch.look();
    expect(reports.writers).toEqual([]);
    appendFileSync(scene.transcript, `${JSON.stringify({ type: 'user', message: { content: 'x'.repeat(5_000) } })}\n`);
    watch.look();
    expect(reports.writers).toMatchObject([{ evidence: 'growth', pid: child.pid }]);
  });

  it('a look once in some seconds comes by itself', async () => {
    const daemon = new SupervisorDaemon(local.contextOf(reports));
    await daemon.start();
    const own = new Scene(local, daemon.sessions, 'watched');
    await own.begin();
    await own.other([own.program('claude', waiting), '--resume', own.conversationId]);
    await expect.poll(() => reports.writers.length, { interval: 20, timeout: 20_000 }).toBe(1);
    await own.leave();
    await own.runner.end({ exitClass: 'stopped', reason: 'end of the test' }, { checkpointFirst: false, graceMs: 0 });
    daemon.stop();
  });
});

describe('beside a running session nobody is accused who', () => {
  it.each([
    ['is a shell in the folder', () => ['/bin/sh', '-c', 'sleep 600; true']],
    ['edits the conversation', () => [scene.program('vim', waiting), scene.transcript]],
    ['reads the conversation', () => ['tail', '-f', scene.transcript]],
    ['looks for the words', () => [scene.program('grep', waiting), 'claude', '--resume', scene.conversationId]],
    ['edits a file that is called like the agent', () => [scene.program('vim', waiting), 'claude', '--resume', scene.conversationId]],
    ['is a git in the folder', () => [scene.program('git', waiting), 'log', scene.conversationId]],
    ['is a new conversation of the same agent', () => [idle(), '-p', 'something else']],
    ['resumes another conversation in the folder', () => [idle(), '--resume', randomUUID()]],
  ])('%s', async (_what, argv) => {
    await scene.begin();
    await scene.other(argv());
    watch.look();
    watch.look();
    expect(reports.writers).toEqual([]);
  });

  it('edits the conversation and holds it open', async () => {
    await scene.begin();
    const child = await scene.other([scene.program('vim', waiting), scene.transcript], { environment: { ...scene.environment, OPENS: scene.transcript } });
    await expect.poll(() => existsSync(`/proc/${child.pid}/fd/3`), { interval: 2 }).toBe(true);
    watch.look();
    expect(reports.writers).toEqual([]);
  });

  it('resumes a conversation of the same id among those of another user', async () => {
    await scene.begin();
    await scene.other([idle(), '--resume', scene.conversationId], { environment: { ...scene.environment, CLAUDE_CONFIG_DIR: join(local.home, 'elsewhere') } });
    watch.look();
    expect(reports.writers).toEqual([]);
  });

  it('is another session of this SHIM in the same folder', async () => {
    await scene.begin();
    const spec = local.newSpec('beside', { cwd: scene.spec.cwd, argv: ['/bin/sh', '-c', 'echo $$ >> starts; sleep 600'] });
    await scene.host.startAgent(startRequest(spec, 1));
    await expect.poll(() => scene.starts(), { interval: 5 }).toBe(2);
    watch.look();
    expect(reports.writers).toEqual([]);
  });

  it('is its own agent, which writes all the while', async () => {
    const own = new Scene(local, scene.host, 'busy', { WRITES: '1' });
    await own.begin();
    for (let look = 0; look < 15; look += 1) {
      const { size } = statSync(own.transcript);
      watch.look();
      await expect.poll(() => statSync(own.transcript).size, { interval: 2, timeout: 10_000 }).toBeGreaterThan(size);
    }
    watch.look();
    expect(reports.writers).toEqual([]);
  });
});

describe('a resume', () => {
  async function killed(): Promise<string> {
    await scene.begin();
    const { conversationId, runner } = scene;
    const pid = knownPid((await starts(scene.spec, 1)).at(-1));
    process.kill(pid, 'SIGKILL');
    await runner.ended;
    return conversationId;
  }

  it('is refused while another process has the conversation, and goes on when that has ended', async () => {
    const conversationId = await killed();
    const other = await scene.other([idle(), '--resume', conversationId]);
    const refused = scene.host.startAgent(startRequest(scene.spec, 2));
    await expect(refused).rejects.toMatchObject({ code: 'SecondWriter', details: { writer: { evidence: 'conversation', pid: other.pid } } });
    expect(scene.starts()).toBe(1);
    await endGroup(other);
    await scene.begin(3);
    expect(scene.starts()).toBe(2);
  });

  it('goes on beside the one that a person has allowed, whatever that writes, and beside no other', async () => {
    const conversationId = await killed();
    const allowed = await scene.other([idle(), '--resume', conversationId]);
    const { startTicks } = readProcess(allowed.pid ?? 0) ?? expect.fail('it does not run');
    await expect(scene.host.startAgent({ ...startRequest(scene.spec, 2), beside: [{ pid: allowed.pid ?? 0, startTicks: startTicks + 1 }] })).rejects.toMatchObject({ code: 'SecondWriter' });
    await scene.begin(3, [{ pid: allowed.pid ?? 0, startTicks }]);
    watch.look();
    watch.look();
    expect(reports.writers).toEqual([]);
    const later = await scene.other([idle(), '--resume', conversationId]);
    watch.look();
    expect(reports.writers).toMatchObject([{ pid: later.pid, evidence: 'conversation' }]);
  });

  it('is refused too where the look was made while its start was decided on', async () => {
    await scene.begin();
    const { conversationId, runner } = scene;
    const other = await scene.other([idle(), '--resume', conversationId]);
    process.kill(knownPid((await starts(scene.spec, 1)).at(-1)), 'SIGKILL');
    await runner.ended;
    await expect(scene.host.startAgent(startRequest(scene.spec, 2))).rejects.toMatchObject({ code: 'SecondWriter', details: { writer: { pid: other.pid } } });
    expect(scene.starts()).toBe(1);
  });

  it('is not refused for what the session itself has left running: that is ended', async () => {
    await killed();
    await scene.begin(2);
    expect(scene.starts()).toBe(2);
  });

  it('that a person asks for at first is refused while the conversation is open elsewhere', async () => {
    const id = randomUUID();
    const first = new Scene(local, scene.host, 'given');
    const other = await first.other([first.program('claude', waiting), '--resume', id]);
    const spec = { ...first.spec, argv: ['-p', 'go', '--resume', id] };
    await expect(scene.host.startAgent(startRequest(spec, 1))).rejects.toMatchObject({ code: 'SecondWriter', details: { writer: { pid: other.pid } } });
    await first.leave();
  });
});
