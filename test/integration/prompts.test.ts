import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readService } from '../../workers/embedded/keeper.js';
import { CopyCounter } from '../support/copies.js';
import { everyItemOnce, Installation, until, type ScriptedSession } from '../support/installation.js';
import { knownPid } from '../support/known-pid.js';

const shim = new Installation();
beforeAll(() => shim.up());
afterAll(() => shim.remove());

const by = 'ann';
const fast = { policy: { healthyAfterMs: 1 }, parameters: { backoffBaseMs: 50 } };

/** How often the agent took in each prompt. */
function taken({ ledger }: ScriptedSession): string[] {
  return [...readFileSync(ledger, 'utf8').matchAll(/^prompt (\S+)/gm)].map(([, name = '']) => name);
}

describe('a prompt that waits for a command', () => {
  it('is the file that SHIM_PROMPT names at its next turn, one prompt a turn', async () => {
    const session = await shim.startScripted('q-turns', ['--items', '2', '--step-ms', '100'], fast);
    await session.untilItem(1);
    await shim.client.send(session.name, { text: '1 more item', by });
    await shim.client.send(session.name, { text: '2 more items', by });
    await session.until('completed');
    expect(session.verify(5)).toEqual(everyItemOnce);
    expect(session.ends()).toEqual(['completed', 'completed', 'completed']);
    expect(taken(session)).toEqual(['prompt-0001.txt', 'prompt-0002.txt']);
    expect(await session.status()).toMatchObject({ promptsWaiting: 0 });
    expect(await session.receipt(3)).toMatchObject({ prompt: { id: 2, delivered: true } });
  });

  it.each([
    { fail: 'kill-before-prompt', delivered: [false, true], what: 'is given again where the agent was killed before it said a word' },
    { fail: 'kill-after-prompt', delivered: [true, undefined], what: 'is not given again where the agent was killed after it did' },
  ])('$what', async ({ fail, delivered }) => {
    const session = await shim.startScripted(`q-${fail}`, ['--items', '2', '--step-ms', '100', '--fail', fail, '--fail-attempts', '2'], fast);
    await session.untilItem(1);
    await shim.client.send(session.name, { text: '2 more items', by });
    await session.until('completed');
    expect(session.ends()).toEqual(['completed', 'killed', 'completed']);
    expect(session.folder.attempts().slice(1).map((attempt) => attempt.report()?.prompt?.delivered)).toEqual(delivered);
    expect(taken(session)).toEqual(['prompt-0001.txt']);
    expect(session.verify(4)).toEqual(everyItemOnce);
  });

  it('is delivered once when the host worker is killed while the agent has it', async () => {
    const session = await shim.startScripted('q-worker', ['--items', '2', '--step-ms', '150'], fast);
    const copies = new CopyCounter(session.ledger);
    await session.untilItem(1);
    await shim.client.send(session.name, { text: '3 more items', by });
    await session.untilItem(3);
    process.kill(knownPid(readService(shim.home, 'host-worker').pid), 'SIGKILL');
    process.kill(session.pid(), 'SIGKILL');
    await session.until('completed');
    copies.stop();
    expect(copies.most).toBe(1);
    expect(session.ends()).toEqual(['completed', 'killed', 'completed']);
    expect(taken(session)).toEqual(['prompt-0001.txt']);
    expect(session.verify(5)).toEqual(everyItemOnce);
  });

  it('waits through a pause', async () => {
    const session = await shim.startScripted('q-paused', ['--items', '3', '--step-ms', '100'], fast);
    await session.untilItem(2);
    await shim.client.pause(session.name, { by });
    await session.until('paused');
    await shim.client.send(session.name, { text: '1 more item', by });
    expect((await shim.client.prompts(session.name)).waiting).toMatchObject([{ id: 1, text: '1 more item', by, givenTo: null }]);
    await shim.client.resume(session.name, { by });
    await session.until('completed');
    expect(session.verify(4)).toEqual(everyItemOnce);
    await until(() => taken(session).length === 1, 'the prompt');
  });
});
