import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkPrometheus, checkStatsig } from '../../../client/cli/doctor/analytics.js';
import { checkStore } from '../../../client/cli/doctor/store.js';
import { checkLease } from '../../../client/cli/doctor/temporal.js';
import { processContext } from '../../../client/cli/context.js';
import { checkPorts } from '../../../client/cli/doctor/ports.js';
import { writeLocalRecord } from '../../../analytics/statsig/local-record.js';
import { ensureShimHome, writeWorkerRecord } from '../../../host/shim-home.js';

let home: string;
let server: Server;
let port: number;
/** What the server answers next. */
let answer: { status: number; body: string } = { status: 200, body: '{}' };

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'shim-doctor-'));
  ensureShimHome(home);
  server = createServer((_request, response) => response.writeHead(answer.status, { 'content-type': 'application/json' }).end(answer.body));
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  port = (server.address() as AddressInfo).port;
});
afterAll(() => {
  server.close();
  rmSync(home, { recursive: true });
});

describe('the doctor on ports', () => {
  it('warns where the usual ones are taken, for others are chosen then', async () => {
    const [finding] = await checkPorts({ home, environment: { SHIM_TEMPORAL_PORT: String(port), SHIM_UI_PORT: '0' } });
    expect(finding).toMatchObject({ verdict: 'warn', found: `${port} is taken by another program`, remedy: expect.stringContaining('shim up takes free ones') as string });
  });

  it('fails where one is taken that a person has fixed, or that is no port', async () => {
    const [, taken, none] = await checkPorts({ home, environment: { TEMPORAL_ADDRESS: 'there:7233', SHIM_METRICS_PORT: String(port), SHIM_ALERT_PORT: 'ninety' } });
    expect(taken).toMatchObject({ name: 'port SHIM_METRICS_PORT', verdict: 'fail', found: `${port} is taken by another program`, remedy: expect.stringContaining('set SHIM_METRICS_PORT to another port') as string });
    expect(none).toMatchObject({ name: 'port SHIM_ALERT_PORT', verdict: 'fail', found: '"ninety" is no port' });
  });

  it('is content with any free ones, and with a Temporal that is named', async () => {
    expect(await checkPorts({ home, environment: { SHIM_TEMPORAL_PORT: '0', SHIM_UI_PORT: '0' } })).toMatchObject([{ verdict: 'ok' }]);
    expect(await checkPorts({ home, environment: { TEMPORAL_ADDRESS: 'there:7233' } })).toMatchObject([{ verdict: 'ok' }]);
  });
});

describe('the doctor on Statsig', () => {
  it('says which of two keys is lacking', async () => {
    expect(await checkStatsig({ home, environment: { STATSIG_SERVER_KEY: 'secret-x' } })).toMatchObject({ verdict: 'warn', found: 'STATSIG_CONSOLE_KEY is not set, so that the other key is not used' });
  });

  it('tells a local server that takes the key from one that does not, or is away', async () => {
    expect(await checkStatsig({ home, environment: {} })).toMatchObject({ verdict: 'warn', found: expect.stringContaining('the local server is used') as string });
    const keys = { secretKey: 'secret-x', consoleKey: 'console-x' };
    writeLocalRecord(home, { port, ...keys, pid: process.pid });
    expect(await checkStatsig({ home, environment: {} })).toMatchObject({ verdict: 'ok' });
    answer = { status: 401, body: '{}' };
    expect(await checkStatsig({ home, environment: {} })).toMatchObject({ verdict: 'fail', found: 'the local server answers 401' });
    writeLocalRecord(home, { port: 9, ...keys, pid: process.pid });
    expect(await checkStatsig({ home, environment: {} })).toMatchObject({ verdict: 'fail', found: expect.stringMatching(/^the local server does not answer: .*\(.*\)/) as string });
  });
});

describe('the doctor on Prometheus', () => {
  const look = (...targets: object[]) => {
    answer = { status: 200, body: JSON.stringify({ status: 'success', data: { activeTargets: targets } }) };
    return checkPrometheus({ home }, `http://127.0.0.1:${port}`);
  };

  it('tells whether it is there, and whether it reads the workers', async () => {
    expect(await checkPrometheus({ home }, 'http://127.0.0.1:9')).toMatchObject({ verdict: 'warn', remedy: expect.stringContaining('npm run stack') as string });
    expect(await look()).toMatchObject({ verdict: 'warn', found: 'it answers; no worker of this machine has run yet', remedy: 'shim up' });
    writeWorkerRecord(home, 'host-worker', { pid: process.pid, metricsPort: 4_001, startedAtMs: 0 });
    expect(await look()).toMatchObject({ verdict: 'warn', found: 'it answers, and reads 0 of the 1 workers here' });
    expect(await look({ scrapeUrl: 'http://127.0.0.1:4001/metrics', health: 'down', lastError: 'refused' })).toMatchObject({ verdict: 'warn', found: 'cannot read http://127.0.0.1:4001/metrics: refused' });
    expect(await look({ scrapeUrl: 'http://127.0.0.1:4001/metrics', health: 'up', lastError: '' })).toMatchObject({ verdict: 'ok', found: 'reads the 1 workers of this machine' });
    answer = { status: 502, body: 'bad gateway' };
    expect(await checkPrometheus({ home }, `http://127.0.0.1:${port}`)).toMatchObject({ verdict: 'warn', found: expect.stringContaining('none answers') as string });
  });
});

describe('the doctor on Temporal', () => {
  it('sends nobody to shim up for a Temporal that is elsewhere and does not answer', async () => {
    const context = { ...processContext({ SHIM_HOME: home, TEMPORAL_ADDRESS: '127.0.0.1:9' }), home };
    const finding = await checkLease(context);
    expect(finding).toMatchObject({ verdict: 'fail', found: 'Temporal does not answer at 127.0.0.1:9', remedy: expect.stringContaining('check TEMPORAL_ADDRESS') as string });
  });
});

describe('the doctor on the outcome store', () => {
  it('is content with SQLite on one machine, and warns where Temporal is shared', async () => {
    expect(await checkStore({ home, environment: {} })).toMatchObject({ verdict: 'ok', found: join(home, 'outcomes.db') });
    expect(await checkStore({ home, environment: { TEMPORAL_ADDRESS: 'there:7233' } })).toMatchObject({ verdict: 'warn', remedy: expect.stringContaining('set SHIM_DATABASE_URL') as string });
  });

  it('fails where PostgreSQL does not answer, without a word of its password', async () => {
    const finding = await checkStore({ home, environment: { SHIM_DATABASE_URL: 'postgres://shim:a-password@127.0.0.1:9/shim' } });
    expect(finding).toMatchObject({ verdict: 'fail', found: expect.stringContaining('ECONNREFUSED') as string });
    expect(JSON.stringify(finding)).not.toContain('a-password');
  });
});
