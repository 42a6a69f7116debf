/** What stands at the head of a workflow's page in the Web UI, worker or no worker: one line, and what the workflow does, as markdown. */
export interface WorkflowText {
  staticSummary: string;
  staticDetails: string;
}

/** Of the entities, which are begun by whoever asks them first. */
export const entityText = {
  account: (account: string): WorkflowText => ({
    staticSummary: `limits of ${account}`,
    staticDetails: 'Knows whether this account is limited. Its sessions wait here for one timer; when it is over one goes first, and the others follow once it has had an answer.',
  }),
  parameter: (name: string): WorkflowText => ({
    staticSummary: `parameter ${name}`,
    staticDetails: 'Keeps the value that sessions are given, the last known good one, and who has it: one experiment at a time. A person may set, freeze or restore it at any time.',
  }),
  ledger: (scope: string): WorkflowText => ({
    staticSummary: `significance levels of ${scope}`,
    staticDetails: 'Gives each experiment the level that it is decided at, so that over a year few of those that are deployed are so by chance.',
  }),
} as const;
