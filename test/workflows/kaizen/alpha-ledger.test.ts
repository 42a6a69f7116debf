import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { alphaLedger } from '../../../workflows/alpha-ledger.js';
import { issueAlphaUpdate, learnResultUpdate, ledgerStatusQuery, ledgerWorkflowId, type LedgerInput } from '../../../workflows/kaizen-messages.js';
import { controlQueue } from '../../../workflows/messages.js';
import { poll } from '../../support/poll.js';
import { WorkflowEnvironment } from '../../support/workflow-environment.js';

let environment: WorkflowEnvironment;
beforeAll(async () => {
  environment = await WorkflowEnvironment.create();
});
afterAll(() => environment.close());

const day = 86_400_000;

async function aLedger(input: Partial<LedgerInput> = {}) {
  const scope = randomUUID().slice(0, 8);
  const workflowId = ledgerWorkflowId(scope);
  await environment.client.workflow.start<typeof alphaLedger>('alphaLedger', { workflowId, taskQueue: controlQueue, args: [{ scope, ...input }] });
  const handle = () => environment.client.workflow.getHandle<typeof alphaLedger>(workflowId);
  return {
    handle,
    issue: (experimentId: string) => handle().executeUpdate(issueAlphaUpdate, { args: [{ experimentId }] }),
    learn: (experimentId: string, logEValue: number) => handle().executeUpdate(learnResultUpdate, { args: [{ experimentId, logEValue }] }),
    status: () => handle().query(ledgerStatusQuery),
  };
}

describe('the ledger of significance levels', () => {
  it('issues each experiment its level once, however often it is asked', async () => {
    const ledger = await aLedger();
    expect(await ledger.issue('a')).toEqual({ index: 1, alpha: 0.001 });
    expect(await ledger.issue('b')).toEqual({ index: 2, alpha: 0.001 });
    expect(await ledger.issue('a')).toEqual({ index: 1, alpha: 0.001 });
    expect(await ledger.status()).toMatchObject({ lond: { begun: 2, rejections: 0 }, next: { index: 3, alpha: 0.001 } });
  });

  it('raises the levels to come by what was found, counted once, and keeps those that it has issued', async () => {
    const ledger = await aLedger();
    const { alpha } = await ledger.issue('a');
    await ledger.issue('b');
    await ledger.learn('a', -Math.log(alpha));
    await ledger.learn('a', 99);
    await ledger.learn('b', 1);
    expect(await ledger.issue('b')).toEqual({ index: 2, alpha: 0.001 });
    expect(await ledger.issue('c')).toEqual({ index: 3, alpha: 0.002 });
    expect((await ledger.status()).issued).toMatchObject({ a: { rejected: true }, b: { rejected: false }, c: { rejected: null } });
  });

  it('takes evidence that no number holds', async () => {
    const ledger = await aLedger();
    await ledger.issue('a');
    expect(await ledger.learn('a', 5_000)).toMatchObject({ lond: { rejections: 1 } });
  });

  it('learns nothing of an experiment that it issued nothing', async () => {
    const ledger = await aLedger();
    expect(await ledger.learn('a', 50)).toMatchObject({ lond: { begun: 0, rejections: 0 }, issued: {} });
  });

  it("refuses a level when the year's are used up, an aborted experiment's with them, and begins the next year anew", async () => {
    const ledger = await aLedger({ alpha: 0.05, experimentsPerYear: 2 });
    await ledger.issue('aborted');
    await ledger.issue('b');
    await expect(ledger.issue('c')).rejects.toMatchObject({ cause: { type: 'LevelsUsedUp', message: expect.stringContaining("this year's 2 levels are used up") } });
    expect(await ledger.status()).toMatchObject({ next: null });
    await environment.skip(366 * day);
    expect(await ledger.issue('c')).toEqual({ index: 1, alpha: 0.025 });
    expect(await ledger.learn('b', 99)).toMatchObject({ lond: { begun: 1, rejections: 0 }, issued: { b: { rejected: true } } });
  });

  it('goes on in a new run after a long history, with all that it issued', async () => {
    const ledger = await aLedger({ experimentsPerYear: 500 });
    const { runId } = await ledger.handle().describe();
    let issued = 0;
    while ((await ledger.handle().describe()).runId === runId) {
      issued += 1;
      await ledger.issue(`e${issued}`);
    }
    await poll(ledger.status, ({ lond }) => lond.begun === issued);
    expect(await ledger.issue(`e${issued}`)).toEqual({ index: issued, alpha: 0.0001 });
    expect(await ledger.issue('next')).toEqual({ index: issued + 1, alpha: 0.0001 });
  });
});
