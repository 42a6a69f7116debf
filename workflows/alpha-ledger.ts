import { allHandlersFinished, condition, continueAsNew, setHandler, workflowInfo } from '@temporalio/workflow';
import { issueAlphaUpdate, learnResultUpdate, ledgerStatusQuery, type LedgerInput } from './kaizen-messages.js';
import { Ledger } from './ledger/ledger.js';

const historyEventsKept = 500;

/** Gives each experiment of a scope its significance level, so that the false-discovery rate is kept over all of them. It never ends. */
export async function alphaLedger(input: LedgerInput): Promise<never> {
  const ledger = new Ledger(input);
  setHandler(ledgerStatusQuery, () => ledger.status(), { description: 'The next level, and those that were issued' });
  setHandler(issueAlphaUpdate, (experiment) => ledger.issue(experiment), { description: 'Issue the next level to an experiment' });
  setHandler(learnResultUpdate, (result) => ledger.learn(result), { description: 'Learn what an experiment came to' });
  for (;;) {
    await condition(historyIsLong);
    await condition(allHandlersFinished);
    await continueAsNew<typeof alphaLedger>(ledger.carry());
  }
}

function historyIsLong(): boolean {
  const { historyLength, continueAsNewSuggested } = workflowInfo();
  return continueAsNewSuggested || historyLength > historyEventsKept;
}
