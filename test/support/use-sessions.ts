import { afterAll, afterEach, beforeAll } from 'vitest';
import { createSessionChainActivities } from '../../activities/session-chain-activities.js';
import { createAccountActivities } from '../../activities/account-activities.js';
import { accountChangedSignal, type AccountNotice } from '../../workflows/account-messages.js';
import { KeptRecord } from './kept-record.js';
import { SupervisedSession, type SessionChoices } from './supervised-session.js';
import { WorkflowEnvironment } from './workflow-environment.js';

/** Gives a test file its environment; sessions begun with `supervise` are ended with their test. */
export function useSessions() {
  const begun: SupervisedSession[] = [];
  let environment: WorkflowEnvironment;
  let record: KeptRecord;
  beforeAll(async () => {
    record = await KeptRecord.open();
    environment = await WorkflowEnvironment.create((client) => ({
      ...record.activities,
      ...createSessionChainActivities({ client }),
      ...createAccountActivities({ client }),
      // The time-skipping server lists nothing.
      tellSessions: async ({ account, notice }: { account: string; notice: AccountNotice }) => {
        const told = begun.filter(({ spec }) => spec.account === account);
        const signals = told.map((session) => session.current().signal(accountChangedSignal, notice));
        // Who has closed since is told nothing.
        return (await Promise.allSettled(signals)).filter(({ status }) => status === 'fulfilled').length;
      },
    }));
  });
  afterEach(async () => {
    record.away.clear();
    await Promise.all(begun.splice(0).map((session) => session.dispose()));
  });
  afterAll(async () => {
    await environment.close();
    await record.remove();
  });
  return {
    get environment() {
      return environment;
    },
    get record() {
      return record;
    },
    async supervise(choices: SessionChoices = {}, beforeStart?: (sessionId: string) => void): Promise<SupervisedSession> {
      const session = await SupervisedSession.start(environment, choices, beforeStart);
      begun.push(session);
      return session;
    },
  };
}
