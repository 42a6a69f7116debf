import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import type { AgentKind } from '../../domain/session.js';
import { Installation } from '../support/installation.js';
import type { AgentPrograms } from '../support/agent-environment.js';
import type { Reply } from '../support/reply.js';
import { inOrder, type Script } from '../support/stand-in-api.js';
import { SupervisedAgent, task } from '../support/supervised-agent.js';

const shim = new Installation();
const opened: SupervisedAgent[] = [];

beforeAll(() => shim.up());
afterEach(async () => {
  for (const session of opened.splice(0)) {
    await session.close();
    expect(session.standIn.strays).toEqual([]);
    expect(session.copies().most).toBe(1);
  }
});
afterAll(() => shim.remove());

const next = 'Then write the second chapter.';
const done: Reply = { kind: 'text', text: 'Done.' };

async function open(kind: 'claude-code' | 'codex', script: (session: SupervisedAgent) => Script, programs: AgentPrograms = inject('agentPrograms')): Promise<SupervisedAgent> {
  const session = await SupervisedAgent.start(shim, kind, programs, script);
  opened.push(session);
  return session;
}

/** Keeps the first turn from its end until `letGo`. */
function gated({ outside }: SupervisedAgent): Reply {
  return { kind: 'shell', text: 'First I wait.', commands: [`until test -e ${outside}/go; do sleep 0.05; done`] };
}

function letGo({ outside }: SupervisedAgent): void {
  writeFileSync(join(outside, 'go'), '');
}

/** As the agent, but its second start dies by SIGKILL before a line of it has run. */
function dyingAtItsSecondStart(kind: 'claude-code' | 'codex'): AgentPrograms {
  const programs = inject('agentPrograms');
  const path = join(shim.folder, `${kind}-that-dies`);
  const starts = `${path}.starts`;
  writeFileSync(path, `#!/bin/sh\necho >> ${starts}\n[ "$(wc -l < ${starts})" = 2 ] && kill -9 $$\nexec ${programs[kind]} "$@"\n`);
  chmodSync(path, 0o700);
  return { ...programs, [kind]: path };
}

/** How often each prompt stands in what the agent last sent to its API. */
function timesTold(session: SupervisedAgent, words: string): number {
  const turns = session.said(session.standIn.requests.length - 1);
  return turns.filter((turn) => turn.kind === 'user' && turn.text.includes(words)).length;
}

describe.each(['claude-code', 'codex'] as const satisfies AgentKind[])('a prompt that waits for %s', (kind) => {
  it('becomes its next turn, natively and alone, and only then is the session completed', async () => {
    const session = await open(kind, (self) => inOrder(gated(self), done));
    await session.standIn.arrived(1);
    expect(await shim.client.send(session.name, { text: next, by: 'ann' })).toMatchObject({ id: 1, place: 1 });
    letGo(session);
    await session.until('completed');

    expect(session.ends()).toEqual(['completed', 'completed']);
    expect(session.reports()[1]).toMatchObject({ prompt: { id: 1, delivered: true } });
    const turns = session.said(session.standIn.requests.length - 1);
    expect(turns).toContainEqual({ kind: 'user', text: task });
    expect(turns.at(-1)).toEqual({ kind: 'user', text: next });
    expect(await session.receipt(2)).toMatchObject({ strategy: 'native', prompt: { id: 1, delivered: true }, fidelity: { overall: 1 } });
  });

  it('is not told again to an agent that was killed when it had it', async () => {
    const session = await open(kind, (self) => inOrder(gated(self), done, { kind: 'stall', text: 'Let me' }, done));
    await session.standIn.arrived(1);
    await shim.client.send(session.name, { text: next, by: 'ann' });
    letGo(session);
    await session.standIn.arrived(3);
    await session.recordedPrompt(next);
    process.kill((await session.pids()).agent, 'SIGKILL');
    await session.until('completed');

    expect(session.ends()).toEqual(['completed', 'killed', 'completed']);
    expect(session.reports()).toMatchObject([{}, { prompt: { id: 1, delivered: true } }, { prompt: null }]);
    expect(timesTold(session, next)).toBe(1);
    expect(timesTold(session, '[SHIM resume brief]')).toBe(1);
  });

  it('is told to the next attempt where the agent was killed before it had it', async () => {
    const session = await open(kind, (self) => inOrder(gated(self), done), dyingAtItsSecondStart(kind));
    await session.standIn.arrived(1);
    await shim.client.send(session.name, { text: next, by: 'ann' });
    letGo(session);
    await session.until('completed');

    expect(session.ends()).toEqual(['completed', 'killed', 'completed']);
    expect(session.reports()).toMatchObject([{}, { prompt: { id: 1, delivered: false } }, { prompt: { id: 1, delivered: true } }]);
    expect(timesTold(session, next)).toBe(1);
  });
});
