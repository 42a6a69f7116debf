import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '../client/built-cli.js';
import { Installation } from '../support/installation.js';
import { WebhookReceiver } from '../support/webhook-receiver.js';

const installation = new Installation();
const run = (...argv: string[]) => runCli(argv, { SHIM_HOME: installation.home });
const quick = ['--items', '1', '--step-ms', '5'];
let webhook: WebhookReceiver;

beforeAll(async () => {
  webhook = await WebhookReceiver.start();
  await installation.up();
});
afterAll(async () => {
  await installation.remove();
  await webhook.close();
});

describe('shim notices', () => {
  it('says that nobody is told, and how to change that', async () => {
    expect((await run('notices')).stdout).toMatch(/^nobody is told: .*notices\.json names no channel/);
    expect(await run('notices', 'test')).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('names no channel') });
  });

  it('tells of a session that has finished and of one that needs a login, once each, through the channels set up meanwhile', async () => {
    const secretFile = join(installation.folder, 'secret');
    writeFileSync(secretFile, 'hush\n', { mode: 0o600 });
    const settings = join(installation.home, 'notices.json');
    writeFileSync(settings, JSON.stringify({ channels: [{ name: 'hook', type: 'webhook', url: webhook.url, secretFile }, { name: 'gone', type: 'command', argv: ['/no/such/program'], on: ['needs_person'] }] }));
    chmodSync(settings, 0o600);
    const finished = await installation.startScripted('finishes', quick);
    await finished.until('completed');
    const locked = await installation.startScripted('locked-out', [...quick, '--fail', 'auth']);
    await locked.until('failed');
    const requests = await webhook.received(2);
    expect(requests.map(({ body }) => JSON.parse(body) as unknown)).toMatchObject([
      { kind: 'finished', session: 'finishes', state: 'completed' },
      { kind: 'needs_person', need: 'login', session: 'locked-out', line: expect.stringMatching(/^locked-out \(command\) is failed: .*Invalid API key.*What now: give the agent valid credentials/) },
    ]);
    const shown = async () => JSON.parse((await run('notices', '--json')).stdout) as unknown;
    await expect.poll(shown, { timeout: 30_000 }).toMatchObject({
      channels: [{ name: 'hook', url: new URL(webhook.url).origin }, { name: 'gone' }],
      notices: [{ deliveries: [{ channel: 'hook', state: 'delivered' }] }, { deliveries: [{ state: 'delivered' }, { channel: 'gone', state: 'failed', problem: '/no/such/program cannot be run (ENOENT)' }] }],
    });
    expect((await run('notices')).stdout).toMatch(/locked-out +login +hook: delivered; gone: failed/);
  });

  it('tries the channels by the host worker, and fails where one does', async () => {
    const { exitCode, stdout } = await run('notices', 'test');
    expect(stdout).toBe('hook (webhook): ok\ngone (command): fail, /no/such/program cannot be run (ENOENT)');
    expect(exitCode).toBe(1);
    expect(await run('notices', 'test', '--channel', 'hook')).toMatchObject({ exitCode: 0 });
    expect(webhook.requests).toHaveLength(4);
  });
});
