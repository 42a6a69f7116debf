import { describeFinding, judgeBudget } from '../../domain/budget.js';
import { HostError, hostErrorCodes, type StartAgentInput } from '../../domain/host-requests.js';
import type { HostContext } from '../host-context.js';
import type { PreviousAttempt } from '../resume-plan.js';
import type { SessionFolder } from '../session-folder.js';
import type { AttemptRecord } from '../session-records.js';
import { spendingOf } from './host-spending.js';
import { begunAnew, countsBegunWith, spentBefore } from './session-spend.js';

/** What an attempt's spending is counted from, and held against. */
export type SpendingRecord = NonNullable<AttemptRecord['spending']>;

/**
 * What an attempt may spend.
 *
 * @param previous the attempt before; null where there is none.
 * @throws HostError OverBudget where a budget is used up already: then nothing is begun.
 */
export function spendingAtStart(host: HostContext, folder: SessionFolder, { spec, name, budget = {} }: StartAgentInput, previous: PreviousAttempt | null): SpendingRecord {
  const spending = spendingOf(host);
  const before = previous?.report.spend ?? spentBefore(folder);
  const finding = [judgeBudget({ scope: 'session', fleet: null }, budget, before), spending.judge(spec)].find((each) => each?.level === 'exceeded');
  if (spending.problem) throw new HostError(hostErrorCodes.misconfigured, spending.problem.message, undefined, { cause: spending.problem });
  if (finding) throw new HostError(hostErrorCodes.overBudget, describeFinding(finding, name), { finding });
  const known = previous && { report: previous.report, begunWith: previous.folder.record()?.spending?.begunWith ?? begunAnew };
  return { budget, before, begunWith: countsBegunWith(spec.agent, known) };
}
