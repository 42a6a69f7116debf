import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { StartAgentInput } from '../../domain/host-requests.js';
import { beginAttempt } from '../../host/attempt-start.js';
import { readBootId, readProcess } from '../../host/process/process-table.js';
import { environmentFile, SessionFolder } from '../../host/session-folder.js';
import { SessionRuntime } from '../../host/session-runtime.js';
import { SupervisorDaemon } from '../../host/supervisor-daemon.js';
import { knownPid } from '../support/known-pid.js';
import { startRequest, starts, useLocalHost } from '../support/local-host.js';
import { projectRoot } from '../support/project-root.js';
import { shellSpawnersOf } from '../support/shell-spawners.js';

const local = useLocalHost();

/** A host in a process of its own, which begins what it is told to once it is told anything. */
const program = `
const { EventEmitter } = await import('node:events');
const { SessionHost } = await import('${pathToFileURL(join(projectRoot(), 'dist/host/session-host.js')).href}');
const { prepareToHold } = await import('${pathToFileURL(join(projectRoot(), 'dist/host/process/parked-holder.js')).href}');
const { home, bootId, requests } = JSON.parse(process.argv[1]);
const host = new SessionHost({ home, hostId: 'host', bootId, cgroups: null, reports: {}, events: new EventEmitter(), detached: new AbortController().signal });
prepareToHold();
process.stdin.once('data', () => requests.forEach((request) => void host.startAgent(request)));
process.stdout.write('ready');
`;

/** Ends in SIGKILL the host of these starts, each of which has made its attempt's folder and waits for a process to be started for its holder. */
async function killWhileBegun(requests: readonly StartAgentInput[]): Promise<void> {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program, JSON.stringify({ home: local.home, bootId: readBootId(), requests })], { stdio: ['pipe', 'pipe', 'inherit'] });
  const gone = once(child, 'exit');
  let spawner = 0;
  try {
    await once(child.stdout, 'data');
    await expect.poll(() => (spawner = shellSpawnersOf(knownPid(child.pid))[0] ?? 0), { interval: 5 }).toBeGreaterThan(1);
    process.kill(spawner, 'SIGSTOP');
    child.stdin.write('begin');
    await expect.poll(() => requests.map(({ name }) => new SessionFolder(local.home, name).epochs()), { interval: 5, timeout: 10_000 }).toEqual(requests.map(({ epoch }) => [epoch]));
  } finally {
    child.kill('SIGKILL');
    await gone;
    if (spawner > 1) process.kill(spawner, 'SIGKILL');
  }
  expect(requests.map(({ name, epoch }) => new SessionFolder(local.home, name).attempt(epoch).record())).toEqual(requests.map(() => null));
}

describe('an attempt of which nothing was written down when its worker was killed', () => {
  it('is no attempt without an end: whoever comes next, a stop, a later start or the next worker, takes it away', async () => {
    const [stopped, followed, left] = ['stopped', 'followed', 'left'].map((name) => startRequest(local.newSpec(name), 1)) as [StartAgentInput, StartAgentInput, StartAgentInput];
    await killWhileBegun([stopped, followed, left]);
    const host = local.newHost();
    const epochsOf = ({ name }: StartAgentInput) => new SessionFolder(local.home, name).epochs();

    expect(await host.stopAgent({ ...stopped, mode: 'stop', reason: 'by a test' })).toEqual({ report: null });
    expect(epochsOf(stopped)).toEqual([]);
    const { name, sessionId } = stopped;
    await host.recordState({ name, sessionId, epoch: 1, state: 'stopped', reason: 'by a test', decision: 'restarts at once' });
    expect(existsSync(environmentFile(local.home, sessionId))).toBe(false);

    await host.startAgent(startRequest(followed.spec, 2));
    expect(await starts(followed.spec, 1)).toHaveLength(1);
    expect(epochsOf(followed)).toEqual([2]);

    expect(epochsOf(left)).toEqual([1]);
    const daemon = new SupervisorDaemon(local.contextOf());
    await daemon.start();
    daemon.stop();
    expect(epochsOf(left)).toEqual([]);
  });
});

describe('an attempt of which something is left', () => {
  it.each(['attempt.json', 'go', 'report.json'])('is not taken away for want of the rest: %s', (file) => {
    const attempt = new SessionFolder(local.home, 'partly').attempt(1);
    mkdirSync(attempt.path, { recursive: true });
    writeFileSync(join(attempt.path, file), '{"torn":');
    expect(attempt.removeUnbegun()).toBe(false);
    expect(readdirSync(attempt.path)).toEqual([file]);
  });
});

describe('a start that fails though an earlier request for it', () => {
  it('has just come to begin leaves it and its records as they are, and is asked for again', async () => {
    const context = local.contextOf();
    const host = local.newHost(context);
    const spec = local.newSpec('claimed-late');
    const request = startRequest(spec, 1);
    await host.startAgent(request);
    const [agent = 0] = await starts(spec, 1);
    const folder = new SessionFolder(local.home, spec.name);
    const attempt = folder.attempt(1);
    rmSync(spec.cwd, { recursive: true });
    await expect(beginAttempt(context, new SessionRuntime(context, spec, folder), request, attempt, null, null)).rejects.toThrow('attempt 1 of claimed-late has begun meanwhile');
    expect(attempt.record()).toMatchObject({ attemptId: request.attemptId });
    expect(readProcess(agent)?.state).toMatch(/[RS]/);
    expect(await host.startAgent(request)).toMatchObject({ adopted: true });
  });
});
