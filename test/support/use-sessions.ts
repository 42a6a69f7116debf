import { afterAll, afterEach, beforeAll } from 'vitest';
import { SupervisedSession, type SessionChoices } from './supervised-session.js';
import { WorkflowEnvironment } from './workflow-environment.js';

/** Gives a test file its environment; sessions begun with `supervise` are ended with their test. */
export function useSessions() {
  const begun: SupervisedSession[] = [];
  let environment: WorkflowEnvironment;
  beforeAll(async () => {
    environment = await WorkflowEnvironment.create();
  });
  afterEach(async () => {
    await Promise.all(begun.splice(0).map((session) => session.dispose()));
  });
  afterAll(() => environment.close());
  return {
    get environment() {
      return environment;
    },
    async supervise(choices: SessionChoices = {}): Promise<SupervisedSession> {
      const session = await SupervisedSession.start(environment, choices);
      begun.push(session);
      return session;
    },
  };
}
