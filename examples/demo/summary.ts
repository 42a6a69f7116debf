import pc from 'picocolors';
import { renderTable } from '../../client/cli/table.js';
import { SessionFolder } from '../../host/session-folder.js';
import type { LedgerVerdict } from '../scripted-agent/ledger.js';
import type { SeenFault } from './faults.js';

/** What came of the demo. */
export interface Summary {
  passed: boolean;
  agents: { name: string; attempts: number; ends: string; verdict: LedgerVerdict; items: number }[];
  faults: SeenFault[];
}

/** Puts the records on disk and the ledgers' verdicts together; passed only if every item was done exactly once. */
export function summarise(home: string, names: readonly string[], verdicts: readonly { name: string; verdict: LedgerVerdict }[], items: number, faults: SeenFault[]): Summary {
  const agents = names.map((name) => {
    const attempts = new SessionFolder(home, name).attempts();
    const verdict = verdicts.find((entry) => entry.name === name)?.verdict ?? { lost: [0], doubled: [], torn: [] };
    return { name, attempts: attempts.length, ends: attempts.map((attempt) => attempt.report()?.exitClass ?? 'open').join(', '), verdict, items };
  });
  const clean = agents.every(({ verdict: { lost, doubled, torn } }) => lost.length + doubled.length + torn.length === 0);
  const finished = agents.every(({ ends }) => ends.endsWith('completed'));
  return { passed: clean && finished && faults.length === 3, agents, faults };
}

export function printSummary({ passed, agents, faults }: Summary, say: (text: string) => void): void {
  const or0 = (list: readonly number[]) => (list.length === 0 ? '0' : list.join(' '));
  say('');
  say(renderTable(['AGENT', 'ATTEMPTS', 'ENDS', 'ITEMS', 'LOST', 'TWICE', 'HALF DONE'], agents.map(({ name, attempts, ends, items, verdict }) => [name, String(attempts), ends, String(items), or0(verdict.lost), or0(verdict.doubled), or0(verdict.torn)])));
  say('');
  say(renderTable(['FAULT', 'RECOVERY'], faults.map(({ what, recovery }) => [what, recovery])));
  say('');
  say(passed ? pc.green('PASSED: no item was lost and none was done twice') : pc.red('FAILED: see the tables above'));
}
