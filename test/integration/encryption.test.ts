import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rotatePayloadKeys } from '../../host/payload-keys.js';
import { ensureShimHome } from '../../host/shim-home.js';
import { readTemporalRecord } from '../../workers/embedded/temporal-server.js';
import { runCli } from '../client/built-cli.js';
import { everyItemOnce, Installation } from '../support/installation.js';
import { projectRoot } from '../support/project-root.js';

describe('with payload keys', () => {
  const shim = new Installation();

  beforeAll(async () => {
    ensureShimHome(shim.home);
    rotatePayloadKeys(join(shim.home, 'payload-keys.json'));
    await shim.up();
  });
  afterAll(() => shim.remove());

  it('a session runs, dies and resumes as ever, and Temporal sees nothing of its command line', async () => {
    const session = await shim.startScripted('sealed', ['--items', '6', '--step-ms', '100']);
    await session.untilItem(2);
    process.kill(session.pid(), 'SIGKILL');
    await session.until('completed');
    expect(session.verify(6)).toEqual(everyItemOnce);
    const history = await shim.history('sealed');
    expect(history).toContain('binary/encrypted');
    expect(history).not.toContain('scripted-agent');
    expect(history).not.toContain(session.ledger);
  });

  it('a key that is made while workers run holds up no session', async () => {
    rotatePayloadKeys(join(shim.home, 'payload-keys.json'));
    const { exitCode, stderr } = await runCli(['run', '--name', 'after-rotation', '--cwd', shim.home, '--', 'true'], { SHIM_HOME: shim.home });
    expect(stderr).toContain('after-rotation: started');
    expect(exitCode).toBe(0);
  });

  it('the codec server shows it to the Web UI alone', async () => {
    const server = spawn(process.execPath, [join(projectRoot(), 'client', 'shim.mjs'), 'encryption', 'serve', '--port', '0'], { env: { ...shim.environment }, stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      const [address] = (await once(createInterface(server.stdout), 'line')) as [string];
      const payload = await firstPayload(shim.client.address);
      const ask = (origin: string) => fetch(`${address}/decode`, { method: 'POST', headers: { 'content-type': 'application/json', origin }, body: JSON.stringify({ payloads: [payload] }) });
      const uiUrl = readTemporalRecord(shim.home)?.uiUrl ?? '';
      const answer = await ask(uiUrl);
      expect(answer.headers.get('access-control-allow-origin')).toBe(uiUrl);
      const { payloads } = (await answer.json()) as { payloads: { data: string }[] };
      expect(Buffer.from(payloads[0]?.data ?? '', 'base64').toString()).toContain('scripted-agent');
      expect((await ask('https://elsewhere.example')).status).toBe(403);
    } finally {
      const exited = once(server, 'exit');
      server.kill('SIGTERM');
      await exited;
    }
  });
});

/** The input of the session's workflow as it is in Temporal, in the codec protocol's JSON. */
async function firstPayload(address: string): Promise<{ metadata: Record<string, string>; data: string }> {
  const connection = await Connection.connect({ address });
  try {
    const { events } = await new Client({ connection }).workflow.getHandle('session/sealed').fetchHistory();
    const [input] = events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads ?? [];
    const base64 = (bytes: Uint8Array | null | undefined) => Buffer.from(bytes ?? []).toString('base64');
    return { metadata: Object.fromEntries(Object.entries(input?.metadata ?? {}).map(([name, value]) => [name, base64(value)])), data: base64(input?.data) };
  } finally {
    await connection.close();
  }
}
