import { randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, expect } from 'vitest';
import type { AttemptKey, AttemptReport } from '../../domain/attempt.js';
import type { StartAgentInput } from '../../domain/host-requests.js';
import type { SecondWriter } from '../../domain/second-writer.js';
import { sessionSpecSchema, type SessionSpec } from '../../domain/session.js';
import type { HostContext, HostEvents } from '../../host/host-context.js';
import { readBootId } from '../../host/process/process-table.js';
import type { Reports } from '../../host/reports.js';
import { SessionHost } from '../../host/session-host.js';
import { ensureShimHome } from '../../host/shim-home.js';

/** Stands in for Temporal alone: what a host reports is kept. */
export class KeptReports extends EventEmitter<{ ended: [AttemptReport]; waits: [string] }> implements Reports {
  readonly ends: AttemptReport[] = [];
  readonly writers: (SecondWriter & { name: string })[] = [];
  readonly waiting: string[] = [];
  /** Attempts that were told to run. */
  readonly toldToRun: string[] = [];
  running({ name, epoch }: AttemptKey): Promise<'delivered'> {
    this.toldToRun.push(`${name}/${epoch}`);
    return Promise.resolve('delivered' as const);
  }
  ended(report: AttemptReport) {
    this.ends.push(report);
    this.emit('ended', report);
    return Promise.resolve('delivered' as const);
  }
  checkpointMade() {
    return Promise.resolve('delivered' as const);
  }
  secondWriter({ name }: AttemptKey, writer: SecondWriter) {
    this.writers.push({ name, ...writer });
    return Promise.resolve('delivered' as const);
  }
  waits({ name }: AttemptKey, reason: string) {
    this.waiting.push(`${name}: ${reason}`);
    this.emit('waits', name);
    return Promise.resolve('delivered' as const);
  }
  answered() {
    return Promise.resolve('delivered' as const);
  }
  /** Of the open workflows: names with the ids of their sessions. */
  readonly open = new Map<string, string>();
  /** How often all of them were listed. */
  lists = 0;
  supervised() {
    this.lists += 1;
    return Promise.resolve(new Map(this.open));
  }
  countSupervised(): Promise<number | null> {
    return Promise.resolve(this.open.size);
  }
}

/** Gives each test of a file a $SHIM_HOME, and hosts of real processes in it; what is left running ends with the test. */
export function useLocalHost() {
  const hosts: SessionHost[] = [];
  let home = '';
  let letGo = new AbortController();
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'shim-host-'));
    ensureShimHome(home);
    letGo = new AbortController();
  });
  afterEach(async () => {
    for (const host of hosts.splice(0)) {
      for (const runner of host.liveRunners) await runner.end({ exitClass: 'stopped', reason: 'end of the test' }, { checkpointFirst: false, graceMs: 0 });
    }
    letGo.abort();
    await nextTurn();
    // A checkpoint that is under way may still write; rmSync would not look again at what a folder holds.
    await rm(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  });
  const contextOf = (reports: Reports = new KeptReports(), bootId = readBootId()): HostContext => ({
    home,
    hostId: 'host',
    bootId,
    cgroups: null,
    reports,
    events: new EventEmitter<HostEvents>(),
    detached: letGo.signal,
  });
  return {
    get home() {
      return home;
    },
    contextOf,
    newHost: (context = contextOf()): SessionHost => {
      const host = new SessionHost(context);
      hosts.push(host);
      return host;
    },
    /** The agent notes each of its starts. */
    newSpec: (name: string, change: Partial<SessionSpec> = {}): SessionSpec => {
      const sessionId = randomUUID();
      const cwd = join(home, `${name}-tree`);
      mkdirSync(cwd, { recursive: true });
      writeFileSync(join(home, 'env', `${sessionId}.json`), JSON.stringify({ PATH: process.env['PATH'], SHIM_TEST_TOKEN: 'very-secret-value' }), { mode: 0o600 });
      return sessionSpecSchema.parse({
        sessionId,
        name,
        agent: 'command',
        argv: ['/bin/sh', '-c', 'echo $$ >> starts; echo "the token is $SHIM_TEST_TOKEN"; exec sleep 60'],
        cwd,
        policy: {},
        limits: { stopGraceMs: 200 },
        parameters: {},
        createdAt: new Date().toISOString(),
        ...change,
      });
    },
  };
}

export function startRequest(spec: SessionSpec, epoch: number, attemptId: string = randomUUID()): StartAgentInput {
  return { sessionId: spec.sessionId, name: spec.name, epoch, attemptId, spec, strategy: 'native', parameters: spec.parameters, decision: null };
}

/** Pids that the agent noted at its starts, once there are so many. */
export async function starts(spec: SessionSpec, atLeast: number): Promise<number[]> {
  const path = join(spec.cwd, 'starts');
  // Whole lines: half of one is another's pid, and none at all is 0, which names the whole group of who sends it a signal.
  const read = () => (existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1).map(Number) : []);
  await expect.poll(() => read().length, { interval: 5, timeout: 10_000 }).toBeGreaterThanOrEqual(atLeast);
  return read();
}
