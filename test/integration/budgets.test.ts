import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { setDayBudget } from '../../host/budget/budget-settings.js';
import { readService } from '../../workers/embedded/keeper.js';
import { runCli } from '../client/built-cli.js';
import { everyItemOnce, Installation, until } from '../support/installation.js';
import { knownPid } from '../support/known-pid.js';

const shim = new Installation();
beforeAll(() => shim.up());
afterAll(() => shim.remove());

const run = (...argv: string[]) => runCli(argv, { SHIM_HOME: shim.home, USER: 'ann' });
/** Of the scripted agent, each item. */
const tokensAnItem = 1_010;

describe('a budget of tokens', () => {
  it('pauses the session with a checkpoint; it goes on with more, where it was, and no item is lost or done twice', async () => {
    const session = await shim.startScripted('b-tokens', ['--items', '8', '--step-ms', '40'], { budget: { tokens: 4 * tokensAnItem } });
    const paused = await session.until('paused');
    expect(paused).toMatchObject({ pauseReason: 'budget', attempt: null, reason: expect.stringMatching(/[4-9],\d{3} tokens of 4,040 tokens are spent; go on with more: shim resume b-tokens --add-tokens 4040$/), checkpoint: { id: expect.any(String) } });
    expect(await run('resume', 'b-tokens')).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(/b-tokens is paused for its budget: .*--add-tokens/) });
    expect((await run('status', 'b-tokens')).stdout).toMatch(/budget +[4-9],\d{3} tokens of 4,040 tokens \(\d{3} %\): danger/);
    expect(session.ends()).toEqual(['stopped']);
    expect(await run('resume', 'b-tokens', '--add-tokens', '100000')).toMatchObject({ exitCode: 0 });
    await session.until('completed');
    expect(session.ends()).toEqual(['stopped', 'completed']);
    expect(session.verify(8)).toEqual(everyItemOnce);
    expect(await shim.history('b-tokens')).toContain('100000');
  });

  it('counts on through crashes and the death of the host worker', async () => {
    const session = await shim.startScripted('b-crashes', ['--items', '60', '--step-ms', '300'], { budget: { tokens: 14 * tokensAnItem }, parameters: { backoffBaseMs: 50 } });
    await session.untilItem(4);
    process.kill(session.pid(), 'SIGKILL');
    await session.untilItem(8);
    const before = knownPid(readService(shim.home, 'host-worker').pid);
    process.kill(before, 'SIGKILL');
    await until(() => (readService(shim.home, 'host-worker').pid ?? before) !== before, 'a new host worker');
    expect(await session.until('paused')).toMatchObject({ pauseReason: 'budget', epoch: 2 });
    const { spend } = session.folder.attempt(2).report() ?? {};
    expect(spend?.tokens).toBeGreaterThanOrEqual(14 * tokensAnItem);
    // It is one account: of the first attempt too, and of what nobody was there to see.
    const begun = (session.verify(60).lost[0] ?? 61) - 1;
    expect(spend?.tokens).toBeLessThanOrEqual((begun + 3) * tokensAnItem);
  });

  it('is warned of in the log before it is used up', async () => {
    const session = await shim.startScripted('b-warned', ['--items', '300', '--step-ms', '150'], { budget: { tokens: 8 * tokensAnItem } });
    await session.untilItem(7);
    expect((await shim.client.status('b-warned')).state).toBe('running');
    const log = await run('logs', 'b-warned');
    expect(log.stdout).toMatch(/most of a budget is spent; see: shim status b-warned/);
    await session.until('paused');
  });
});

describe("the host's budget for the day", () => {
  it('is shown and set, pauses what runs, and what would begin waits paused until there is more', async () => {
    const running = await shim.startScripted('d-running', ['--items', '300', '--step-ms', '80']);
    await running.untilItem(2);
    expect(await run('budget', '--day-tokens', '10', '--json')).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/"tokens": 10/) });
    expect(await running.until('paused')).toMatchObject({ pauseReason: 'budget', reason: expect.stringMatching(/the host's budget for the day is used up: .*shim budget --day-tokens 20/) });
    const waiting = await shim.startScripted('d-waiting', ['--items', '1', '--step-ms', '10']);
    expect(await waiting.until('paused')).toMatchObject({ pauseReason: 'budget', epoch: 1, restarts: 0, attempt: null });
    expect(waiting.folder.epochs()).toEqual([]);
    expect(await run('resume', 'd-waiting')).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(/d-waiting is paused instead/) });
    expect(await run('run', '--name', 'd-begun', '--cwd', shim.folder, '--', 'sleep', '600')).toMatchObject({ exitCode: 1, stdout: expect.stringMatching(/^state +paused: /m), stderr: expect.stringMatching(/d-begun is paused and does not run; see: shim why d-begun$/) });
    await shim.client.stop('d-begun', { by: 'a test' });
    expect((await run('budget', '--day-tokens', 'none')).stdout).toMatch(/today, tokens +[\d,]+ tokens spent, not bounded/);
    expect(await run('resume', 'd-waiting')).toMatchObject({ exitCode: 0 });
    await waiting.until('completed');
  });

  it('is shown with what is spent, and takes amounts only', async () => {
    setDayBudget(shim.home, { usd: 5 });
    expect((await run('budget')).stdout).toMatch(/today, usd +\$\d+\.\d\d spent of \$5\.00/);
    expect(await run('budget', '--day-usd', 'lots')).toMatchObject({ exitCode: 2, stderr: expect.stringMatching(/Give an amount above 0/) });
    setDayBudget(shim.home, {});
  });
});

describe('shim run with a budget', () => {
  it('refuses dollars for an agent that tells no cost, with the way out', async () => {
    expect(await run('run', '--agent', 'codex', '--budget-usd', '5', '--cwd', shim.folder, '--', 'do it')).toMatchObject({ exitCode: 2, stderr: expect.stringMatching(/codex does not tell what it costs.*--budget-tokens/) });
  });
});
