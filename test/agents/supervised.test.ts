import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import type { AgentKind } from '../../domain/session.js';
import { Installation, until, type SpecRequest } from '../support/installation.js';
import { claudeLimit, codexLimit, errors, type Reply } from '../support/reply.js';
import { inOrder, type Script } from '../support/stand-in-api.js';
import { subscribersToken, SupervisedAgent, task } from '../support/supervised-agent.js';

const shim = new Installation();
const opened: SupervisedAgent[] = [];

beforeAll(() => shim.up());
afterEach(async () => {
  for (const session of opened.splice(0)) {
    await session.close();
    expect(session.standIn.strays).toEqual([]);
    expect(session.copies()).toEqual({ most: 1, seen: session.reports().length });
    expect(await session.history()).not.toContain(session.key);
    expect(session.filesWith(session.key)).toEqual([]);
  }
});
afterAll(() => shim.remove());

async function open(kind: 'claude-code' | 'codex', script: (session: SupervisedAgent) => Script, request: Partial<SpecRequest> = {}, keyVariable?: string): Promise<SupervisedAgent> {
  const session = await SupervisedAgent.start(shim, kind, inject('agentPrograms'), script, request, keyVariable);
  opened.push(session);
  return session;
}

/** Appends to a file, which must not happen twice, and then does not end. The key in it is none of SHIM's business. */
function appendThenWait({ outside, key }: SupervisedAgent): string {
  return `echo done >> ${outside}/effects && mkfifo ${outside}/gate && : ${key} && cat ${outside}/gate`;
}

const look: Reply = { kind: 'shell', text: 'First I look.', commands: ['echo one'] };
const done: Reply = { kind: 'text', text: 'Done.' };
const sayingNothing = { parameters: { hangTimeoutMs: 3_000 }, limits: { hangToolTimeoutMs: 5_000 } };

describe.each(['claude-code', 'codex'] as const satisfies AgentKind[])('%s under supervision', (kind) => {
  it.each([
    ['agent', 'killed'],
    ['holder', 'lost'],
  ] as const)('goes on natively after its %s was killed in a tool call (%s), and does nothing twice', async (victim, exitClass) => {
    const session = await open(kind, (self) =>
      inOrder(look, { kind: 'shell', commands: [appendThenWait(self)] }, { kind: 'shell', text: 'I look before I repeat.', commands: [`grep -c . ${self.outside}/effects`] }, done),
    );
    await until(() => session.read('effects') !== '', 'the effect');
    await session.recorded('mkfifo', kind === 'codex' ? '"function_call"' : '"tool_use"');
    const pids = await session.pids();
    process.kill(pids[victim], 'SIGKILL');
    await session.until('completed');

    expect(session.ends()).toEqual([exitClass, 'completed']);
    expect(session.read('effects')).toBe('done\n');
    expect(session.standIn.requests).toHaveLength(4);
    const inFlight = { kind: 'tool_call', input: expect.stringContaining('mkfifo') };
    expect(session.cameBack(2)).toEqual([...session.said(1), expect.objectContaining(inFlight)]);
    expect(session.cameBack(2)).toContainEqual({ kind: 'user', text: task });
    expect(session.brief(2)).toMatch(/OUTCOME UNKNOWN[^]*mkfifo[^]*Verify the outcome/);
    expect(session.said(3).at(-1)).toMatchObject({ kind: 'tool_result', output: expect.stringMatching(/^1$/m) });

    const receipt = await session.receipt(2);
    const came = session.cameBack(2).length;
    expect(receipt).toMatchObject({
      strategy: 'native',
      strategyReason: null,
      cause: { exitClass },
      proofOfDeath: { remaining: 0 },
      inFlight: [{ summary: expect.stringContaining('mkfifo') }],
      lost: [],
      fidelity: { messages: { before: came, after: came, ratio: 1 }, pending: { before: 1, told: 1, ratio: 1 }, overall: 1 },
    });
    // The same looks for the key find nothing: here they find something.
    expect(await session.history()).toContain(task);
    expect(session.filesWith(task).join('\n')).toMatch(/temporal\.db/);
    const files = session.filesWith(`${session.name}/outside`).join('\n');
    expect(files).toContain(`/${session.name}/attempts/000002/receipt.json`);
    expect(files).toContain(`/${session.name}/log/session.log`);
  });

  it('is ended as hung when its stream stalls, and goes on natively', async () => {
    const session = await open(kind, () => inOrder(look, { kind: 'stall', text: 'Half a' }, done), sayingNothing);
    await session.until('completed');
    expect(session.ends()).toEqual(['hung', 'completed']);
    expect(session.cameBack(2)).toEqual(session.said(1));
    const came = session.said(1).length;
    expect(await session.receipt(2)).toMatchObject({ strategy: 'native', inFlight: [], fidelity: { messages: { before: came, after: came }, overall: 1 } });
  });

  it('is ended as hung when a tool call hangs, later than without one, and is told of it', async () => {
    const session = await open(kind, (self) => inOrder({ kind: 'shell', text: 'First I wait.', commands: [appendThenWait(self)] }, done), sayingNothing);
    await session.until('completed');
    expect(session.reports()).toMatchObject([{ exitClass: 'hung', reason: expect.stringMatching(/ [5-9](\.\d)? s in a tool call/) }, { exitClass: 'completed' }]);
    expect(session.brief(1)).toMatch(/hung[^]*OUTCOME UNKNOWN[^]*mkfifo/);
    expect(await session.receipt(2)).toMatchObject({ strategy: 'native', inFlight: [{ summary: expect.stringContaining('mkfifo') }], fidelity: { overall: 1 } });
    expect(session.read('effects')).toBe('done\n');
  });

  it('waits while its API is overloaded, and goes on at once on a reset', async () => {
    const account = `${kind}/overloaded`;
    const session = await open(kind, () => inOrder(look, errors.overloaded), { account });
    const waiting = await session.until('waiting_for_limit');
    expect(waiting).toMatchObject({ account, ends: [{ exitClass: 'overloaded' }] });
    expect(waiting.untilMs).toBeGreaterThan(Date.now() + 15_000);
    const refused = session.standIn.requests.length;
    session.standIn.use(inOrder(done));
    await session.reset();
    await session.until('completed');
    expect(session.ends()).toEqual(['overloaded', 'completed']);
    expect(session.cameBack(refused)).toEqual(session.said(1));
    const came = session.said(1).length;
    expect(await session.receipt(2)).toMatchObject({ strategy: 'native', fidelity: { messages: { before: came, after: came }, overall: 1 } });
  });

  it('waits for the reset that its API tells, and then goes on by itself, natively', async () => {
    // Codex tells it to the minute, in words.
    const toldWithinMs = kind === 'codex' ? 60_000 : 1_000;
    const resetsAtMs = Date.now() + (kind === 'codex' ? 1_000 : 8_000);
    const session = await open(kind, () => inOrder(look, kind === 'codex' ? codexLimit(resetsAtMs) : claudeLimit(resetsAtMs), done), {}, kind === 'codex' ? undefined : subscribersToken);
    // Who pays for Codex is not known here: its key belongs to a provider of one's own. It waits by itself.
    expect((await session.status()).account).toEqual(kind === 'codex' ? null : expect.stringMatching(/^claude-code\/[0-9a-f]{8}$/));
    const waiting = await session.until('waiting_for_limit');
    expect(waiting).toMatchObject({ attempt: null, restarts: 0, ends: [{ exitClass: 'limit_reached' }] });
    expect(waiting.untilMs).toBeGreaterThanOrEqual(resetsAtMs - 1_000);
    expect(waiting.untilMs).toBeLessThanOrEqual(resetsAtMs + toldWithinMs);
    await session.until('completed');
    expect(session.ends()).toEqual(['limit_reached', 'completed']);
    expect(session.reports()[1]?.startedAtMs).toBeGreaterThanOrEqual(waiting.untilMs ?? Infinity);
    expect(session.standIn.requests).toHaveLength(3);
    expect(session.cameBack(2)).toEqual(session.said(1));
    expect(await session.receipt(2)).toMatchObject({ strategy: 'native', cause: { exitClass: 'limit_reached' }, fidelity: { overall: 1 } });
  });

  it('waits for a limit with all sessions of its account: one goes first, the other once that had an answer', async () => {
    const account = `${kind}/team`;
    const resetsAtMs = Date.now() + (kind === 'codex' ? 1_000 : 10_000);
    const keyVariable = kind === 'codex' ? undefined : subscribersToken;
    const first = await open(kind, () => inOrder(kind === 'codex' ? codexLimit(resetsAtMs) : claudeLimit(resetsAtMs), done), { account }, keyVariable);
    const { untilMs } = await first.until('waiting_for_limit');
    const second = await open(kind, () => inOrder(done), { account }, keyVariable);
    expect(await second.until('waiting_for_limit')).toMatchObject({ epoch: 0, account });
    await first.until('completed');
    await second.until('completed');
    expect([first.ends(), second.ends()]).toEqual([['limit_reached', 'completed'], ['completed']]);
    expect(first.standIn.requests[1]?.atMs).toBeGreaterThanOrEqual(untilMs ?? Infinity);
    expect(second.standIn.requests[0]?.atMs).toBeGreaterThan(first.standIn.requests[1]?.atMs ?? Infinity);
    expect((await first.status()).restarts).toBe(1);
  });

  it('fails when its key is refused, and does not tell the key', async () => {
    const refusal = kind === 'codex' ? errors.codexUnauthorized : errors.unauthorized;
    const session = await open(kind, ({ key }) => inOrder({ ...refusal, message: `${refusal.message}: ${key}` }));
    const failed = await session.until('failed');
    expect(failed.reason).toMatch(/^auth_failed/);
    expect(session.ends()).toEqual(['auth_failed']);
  });
});
