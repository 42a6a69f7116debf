import { randomUUID } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { emptySignals } from '../domain/signals.js';
import { sessionSpecSchema } from '../domain/session.js';
import { ensureShimHome } from '../host/shim-home.js';
import { SessionFolder } from '../host/session-folder.js';
import { CheckpointManager, SHIMMetrics, ShimClient, ShimDownError, SupervisorDaemon, type CheckpointContext, type HostContext, type HostEvents } from '../index.js';
import { reportOf } from './analytics/attempt-reports.js';
import { parseExposition } from './analytics/exposition.js';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'shim-index-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('SHIMMetrics', () => {
  it('serves its metrics on a free port, and tells of no ratio that was never measured', async () => {
    const metrics = new SHIMMetrics();
    const port = await metrics.startServer(0);
    const response = await fetch(`http://127.0.0.1:${port}/metrics`);
    const families = parseExposition(await response.text());
    await metrics.stopServer();
    const gauges = [...families].filter(([name, { type }]) => type === 'gauge' && name.startsWith('shim_'));
    expect(gauges.filter(([, { samples }]) => samples.size > 0).map(([name]) => name)).toEqual(['shim_uptime_seconds']);
    expect(metrics.crashRate).toBeUndefined();
  });

  it('says when a crash is detected', () => {
    const metrics = new SHIMMetrics();
    const names: string[] = [];
    metrics.on('crash_detected', ({ name }) => names.push(name));
    metrics.attemptEnded(reportOf({ name: 'fix', exitClass: 'killed' }), 'codex');
    expect(names).toEqual(['fix']);
    expect(metrics.crashRate).toBe(1);
  });
});

describe('CheckpointManager', () => {
  const context: CheckpointContext = {
    sessionId: randomUUID(),
    sessionName: 'fix',
    epoch: 1,
    attemptId: randomUUID(),
    signals: emptySignals(0),
    transcriptPath: null,
    isMessage: () => true,
    launch: { agent: 'command', argv: ['true'], cwd: '/', environmentNames: [], conversationId: null, agentVersion: null },
  };

  function managerOf(intervalMinutes: number): CheckpointManager {
    const tree = join(folder, 'tree');
    mkdirSync(tree);
    writeFileSync(join(tree, 'a.txt'), 'a\n');
    return new CheckpointManager(join(folder, 'checkpoints'), tree, intervalMinutes);
  }

  it('says how long a checkpoint took, ms', async () => {
    const manager = managerOf(10);
    const created = once(manager, 'checkpoint_created');
    const manifest = await manager.create('user_requested', context);
    const [durationMs] = (await created) as [number];
    expect(durationMs).toBeGreaterThan(0);
    expect(manifest).toMatchObject({ id: 'ck-0001', trigger: 'user_requested', tree: { files: 1 } });
  });

  it('makes checkpoints by time at the interval that was set last, minutes', () => {
    const manager = managerOf(10);
    const safe = { zone: 'safe', warnings: [], dangers: [], contextUse: null } as const;
    const inSixMinutesMs = Date.now() + 6 * 60_000;
    const due = () => manager.due(context.signals, { ...safe, warnings: [], dangers: [] }, inSixMinutesMs);
    expect(due()).toBeNull();
    manager.setInterval(5);
    expect(due()).toBe('time_interval');
  });
});

describe('SupervisorDaemon', () => {
  let letGo: AbortController;
  let delivered: string[];
  let host: HostContext;
  let daemon: SupervisorDaemon;

  beforeEach(() => {
    letGo = new AbortController();
    delivered = [];
    ensureShimHome(folder);
    host = {
      home: folder,
      hostId: 'host-1',
      bootId: 'boot-1',
      cgroups: null,
      events: new EventEmitter<HostEvents>(),
      detached: letGo.signal,
      reports: {
        running: () => Promise.resolve('delivered'),
        ended: ({ name }) => {
          delivered.push(name);
          return Promise.resolve('delivered');
        },
        checkpointMade: () => Promise.resolve('delivered'),
        secondWriter: () => Promise.resolve('delivered'),
        answered: () => Promise.resolve('delivered'),
        waits: () => Promise.resolve('delivered'),
        supervised: () => Promise.resolve(null),
        countSupervised: () => Promise.resolve(null),
      },
    };
    for (const name of ['ann', 'ben']) oweAnEnd(name);
    daemon = new SupervisorDaemon(host);
  });

  afterEach(() => {
    letGo.abort();
    daemon.stop();
  });

  /** A session whose attempt has ended while nobody was there to tell Temporal. */
  function oweAnEnd(name: string): void {
    const session = new SessionFolder(folder, name);
    const spec = { sessionId: randomUUID(), name, agent: 'command', argv: ['true'], cwd: folder, policy: {}, limits: {}, parameters: {}, createdAt: new Date().toISOString() };
    session.create(sessionSpecSchema.parse(spec));
    mkdirSync(session.attempt(1).path);
    session.attempt(1).writeReport(reportOf({ name, sessionId: spec.sessionId, exitClass: 'killed', endedAtMs: Date.now() - 500 }));
    appendFileSync(join(session.attempt(1).path, 'exit'), '0\n');
  }

  it('brings all sessions back at once by init strategy parallel', async () => {
    daemon.setInitStrategy('parallel');
    expect(await daemon.start()).toEqual({ adopted: 0, owed: 2 });
    expect(delivered.toSorted()).toEqual(['ann', 'ben']);
  });

  it('brings them back one after another by init strategy sequential, and says how long each took, ms', async () => {
    daemon.setInitStrategy('sequential');
    await daemon.start();
    expect(delivered).toHaveLength(1);
    const [first = ''] = delivered;
    const completed = once(daemon, 'restart_completed');
    host.events.emit('attempt_running', { name: first, epoch: 2, sinceSpawnMs: 10 });
    const [durationMs, about] = (await completed) as [number, unknown];
    expect(durationMs).toBeGreaterThan(0);
    expect(about).toMatchObject({ name: first, epoch: 2 });
    await expect.poll(() => delivered.toSorted()).toEqual(['ann', 'ben']);
  });
});

describe('ShimClient', () => {
  it('says what to do where nothing is running', async () => {
    const connecting = ShimClient.connect(folder, { PATH: process.env['PATH'] });
    await expect(connecting).rejects.toThrow(ShimDownError);
    await expect(connecting).rejects.toThrow('shim up');
  });
});
