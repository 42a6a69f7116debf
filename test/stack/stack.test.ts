import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { anyFreePort } from '../../workers/embedded/free-port.js';
import { readService } from '../../workers/embedded/keeper.js';
import { readWorkerRecord, type WorkerName } from '../../host/shim-home.js';
import { findStackPrograms, postgresPrograms } from '../../scripts/stack/programs.js';
import type { StackPorts } from '../../scripts/stack/configuration.js';
import { Client, Connection } from '@temporalio/client';
import { PrometheusClient } from '../../analytics/metrics-source/prometheus-client.js';
import { readTemporalRecord } from '../../workers/embedded/temporal-server.js';
import { lookNowSignal } from '../../workflows/kaizen-messages.js';
import { panelsOf, type DashboardPanel } from '../support/dashboard-panels.js';
import { runCli } from '../client/built-cli.js';
import { poll } from '../support/poll.js';
import { projectRoot } from '../support/project-root.js';
import { knownPid } from '../support/known-pid.js';

// The compiled one: it starts the compiled workers beside it.
const { Stack } = (await import(new URL('../../dist/scripts/stack/stack.js', import.meta.url).href)) as typeof import('../../scripts/stack/stack.js');

interface RuleGroup {
  rules: { name: string; health: string; lastError?: string; state?: string }[];
}
interface Target {
  labels: { job: string; worker?: string };
  health: string;
  lastError: string;
}

const grafana = join(projectRoot(), 'deploy', 'grafana', 'dashboards');
const dashboards = readdirSync(grafana).map((file) => readFileSync(join(grafana, file), 'utf8'));

/** The names of our metrics and the SDK's in a text. */
function metricNamesIn(text: string): Set<string> {
  return new Set(text.match(/\b(?:shim|temporal)_[a-z0-9_]+\b/g) ?? []);
}

describe('the stack', { timeout: 240_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'shim-stack-'));
  // PostgreSQL's own user has to pass through it.
  chmodSync(folder, 0o711);
  const home = join(folder, 'home');
  const run = (...argv: string[]) => runCli(argv, { SHIM_HOME: home, USER: 'tester' });
  const json = async <T>(...argv: string[]): Promise<T> => JSON.parse((await run(...argv, '--json')).stdout) as T;
  let stack: InstanceType<typeof Stack>;
  let ports: StackPorts;

  async function prometheus<T>(path: string): Promise<T> {
    const response = await fetch(`http://127.0.0.1:${ports.prometheus}/api/v1/${path}`);
    return ((await response.json()) as { data: T }).data;
  }

  beforeAll(async () => {
    ports = { prometheus: await anyFreePort(), alertmanager: await anyFreePort(), alerts: await anyFreePort(), temporalMetrics: await anyFreePort(), postgresql: await anyFreePort() };
    const environment = { ...process.env, SHIM_TEMPORAL_PORT: '0', SHIM_UI_PORT: '0' };
    stack = new Stack({ home, programs: findStackPrograms(), ports, environment, onProgress: () => undefined, postgresqlFolder: join(folder, 'postgresql') });
    await stack.start();
  }, 120_000);

  afterAll(async () => {
    await stack.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('has Prometheus find and scrape the workers and Temporal', async () => {
    const targets = await poll(
      async () => (await prometheus<{ activeTargets: Target[] }>('targets')).activeTargets,
      (found) => found.length === 3 && found.every(({ health }) => health === 'up'),
      60_000,
    );
    expect(targets.map(({ labels }) => `${labels.job} ${labels.worker ?? ''}`).sort()).toEqual(['shim control', 'shim host', 'temporal ']);
  });

  it.skipIf(postgresPrograms() === null)("keeps its store out of reach of a terminal's Ctrl-C, which would end it before the workers that write to it", () => {
    const [pid = ''] = readFileSync(join(folder, 'postgresql', 'data', 'postmaster.pid'), 'utf8').split('\n');
    // After the name in brackets, proc_pid_stat(5): state, parent, process group.
    const [, , group] = (readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1] ?? '').split(' ');
    expect(group).toBe(pid);
  });

  it('keeps what it writes from all other users of the machine', () => {
    const entries = readdirSync(join(home, 'stack'), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile() || entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name));
    expect(entries.length).toBeGreaterThan(10);
    expect(entries.filter((path) => (statSync(path).mode & 0o077) !== 0)).toEqual([]);
  });

  it('has a Prometheus that can evaluate every rule', async () => {
    const groups = await poll(
      async () => (await prometheus<{ groups: RuleGroup[] }>('rules')).groups,
      (found) => found.length > 0 && found.every(({ rules }) => rules.every(({ health }) => health !== 'unknown')),
      60_000,
    );
    expect(groups.flatMap(({ rules }) => rules).filter(({ health }) => health !== 'ok')).toEqual([]);
  });

  it('exports every metric that a rule asks for, and only what promtool finds no fault with', async () => {
    await run('run', '--name', 'counted', '--', 'sh', '-c', 'sleep 1');
    // Of an attempt this long it can be told what was foreseen a minute before its end.
    await run('run', '--name', 'long', '--', 'sleep', '65');
    const rules = ['recording-rules.yml', 'alert-rules.yml'].map((file) => readFileSync(join(projectRoot(), 'deploy', 'prometheus', file), 'utf8')).join('\n');
    const scrape = async (worker: WorkerName) => (await fetch(`http://127.0.0.1:${readWorkerRecord(home, worker)?.metricsPort}/metrics`)).text();
    const control = await poll(
      () => scrape('control-worker'),
      (text) => text.includes('temporal_workflow_task_schedule_to_start_latency_seconds_bucket') && text.includes('shim_open_sessions{'),
      60_000,
    );
    const names = metricNamesIn(control + (await scrape('host-worker')));
    expect([...metricNamesIn(rules)].filter((name) => !names.has(name))).toEqual([]);
    expect([...metricNamesIn(dashboards.flatMap(panelsOf).flatMap(({ targets }) => targets.map(({ expr }) => expr ?? '')).join('\n'))].filter((name) => !names.has(name))).toEqual([]);
    for (const exposition of [control, await scrape('host-worker')]) {
      // Node's and the SDK's own names are not ours to mend.
      const ours = exposition.split('\n').filter((line) => /^(?:# (?:HELP|TYPE) )?shim_/.test(line));
      expect(ours.length).toBeGreaterThan(100);
      expect(spawnSync('promtool', ['check', 'metrics'], { input: `${ours.join('\n')}\n`, encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' });
    }
  });

  it.skipIf(postgresPrograms() === null)('keeps outcomes in PostgreSQL', async () => {
    const recorded = await poll(async () => (await rowsOf('SELECT count(*) AS count FROM session_closed'))[0]?.['count'], (count) => count === '1', 30_000);
    expect(recorded).toBe('1');
  });

  it('has an alert pause the experiments, once, through Prometheus and Alertmanager', async () => {
    const { id } = await json<{ id: string }>('try', 'danger_zone', '0.6');
    const short = id.replace('experiment/', '');
    const phase = async () => (await json<{ phase: string }>('experiments', short)).phase;
    await poll(phase, (now) => now === 'running', 30_000);
    const pid = knownPid(readService(home, 'host-worker').pid);
    // A worker that hangs: ShimHostLost fires after a minute without a scrape.
    process.kill(pid, 'SIGSTOP');
    try {
      await poll(phase, (now) => now === 'paused', 180_000);
      // `shim up` would leave it alone, for its process lives.
      const findings = await json<{ name: string; verdict: string; remedy: string | null }[]>('doctor');
      expect(findings.find(({ name }) => name === 'host lease')).toMatchObject({ verdict: 'fail', remedy: expect.stringContaining(`kill -9 ${pid};`) as string });
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    expect(await json('experiments', short)).toMatchObject({ phase: 'paused', reason: expect.stringMatching(/^paused by alert ShimHostLost: the host worker of .* does not answer/) });
    // A person's word stands against the same alert told again.
    await run('experiment', short, 'resume');
    await poll(phase, (now) => now === 'running', 30_000);
    const alert = { status: 'firing', labels: { alertname: 'ShimHostLost', pause_experiments: 'true' }, annotations: {}, startsAt: '2026-01-01T00:00:00Z', fingerprint: 'f1' };
    const send = (token: string) =>
      fetch(`http://127.0.0.1:${ports.alerts}/alerts`, { method: 'POST', headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' }, body: JSON.stringify({ version: '4', alerts: [alert] }) });
    const token = readFileSync(join(home, 'alert-token'), 'utf8').trim();
    expect((await send(token)).status).toBe(200);
    await poll(phase, (now) => now === 'paused', 30_000);
    await run('experiment', short, 'resume');
    await poll(phase, (now) => now === 'running', 30_000);
    expect((await send(token)).status).toBe(200);
    expect(await phase()).toBe('running');
    expect((await send('wrong')).status).toBe(401);
  });

  it('answers the query of every panel of the dashboards', async () => {
    const diesOnce = (name: string) => run('run', '--name', name, '--', 'sh', '-c', 'if [ -e "$0" ]; then sleep 2; else : > "$0"; sleep 1; kill -9 $$; fi', join(folder, name));
    // A fifth of new sessions are in an experiment at its first step.
    for (let nth = 1; (await assignedSession()) === null && nth <= 40; nth += 1) await diesOnce(`candidate-${nth}`);
    const session = await assignedSession();
    expect(session).not.toBeNull();
    const connection = await Connection.connect({ address: readTemporalRecord(home)?.address ?? '' });
    await new Client({ connection }).workflow.getHandle('experiment/danger_zone/1').signal(lookNowSignal, { reason: 'the test' });
    await connection.close();
    const panels = dashboards.flatMap((text) => panelsOf(text));
    expect(panels.length).toBeGreaterThan(30);
    const unanswered = await poll(
      async () => {
        const empty: string[] = [];
        for (const { title, targets } of panels) if ((await Promise.all(targets.map((target) => answers(target, session ?? '')))).every((rows) => rows === 0)) empty.push(title);
        return empty;
      },
      (empty) => empty.length === 0,
      120_000,
    ).catch((error: unknown) => error);
    expect(unanswered).toEqual([]);
  });

  /** How many rows or series a panel's query comes to. @throws Error of the query. */
  async function answers({ expr, rawSql }: DashboardPanel['targets'][number], session: string): Promise<number> {
    if (expr !== undefined) return (await new PrometheusClient(`http://127.0.0.1:${ports.prometheus}`).query(expr, Date.now())).length;
    return (await rowsOf((rawSql ?? '').replaceAll('${session:sqlstring}', `'${session}'`))).length;
  }

  async function assignedSession(): Promise<string | null> {
    const [row] = await rowsOf('SELECT session_name AS name FROM assignment JOIN outcome USING (session_id) LIMIT 1');
    return typeof row?.['name'] === 'string' ? row['name'] : null;
  }

  async function rowsOf(sql: string): Promise<Record<string, unknown>[]> {
    const client = new pg.Client({ connectionString: `postgres://shim@127.0.0.1:${ports.postgresql}/postgres` });
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(sql)).rows;
    } finally {
      await client.end();
    }
  }
});
