import pc from 'picocolors';
import { renderTable } from '../../client/cli/table.js';
import { formatTimes, plainVerdict, valueOf } from '../../client/report/plain-verdict.js';
import { parameterTable, type ParameterName, type ParameterValue } from '../../domain/parameter-table.js';
import type { Parameters } from '../../domain/parameters.js';
import type { SeenExperiment } from './kaizen.js';

/** What sessions have to read of each parameter at the end: the treatment of its last experiment that was kept, else what they had before. */
export function expectedValues(seen: readonly SeenExperiment[]): Map<ParameterName, ParameterValue> {
  const expected = new Map<ParameterName, ParameterValue>();
  for (const { status } of seen) {
    if (!status) continue;
    const { parameter, control, treatment } = status.plan;
    if (status.conclusion === 'kept') expected.set(parameter, treatment);
    else if (!expected.has(parameter)) expected.set(parameter, control);
  }
  return expected;
}

/** Prints the evidence. @param read what a new session runs with. @returns whether every experiment closed as it should, and sessions read what it left. */
export function printKaizen(seen: readonly SeenExperiment[], read: Parameters, sessions: number, say: (text: string) => void): boolean {
  say('');
  say(
    renderTable(
      ['EXPERIMENT', 'CHANGE', 'CONTROL', 'TREATMENT', 'EVIDENCE', 'NEEDED', 'ENDED'],
      seen.map(({ what, status, decisive }) => {
        if (!status) return [what, 'none began in time', '', '', '', '', pc.yellow('-')];
        const { plan, conclusion, phase } = status;
        const arm = (name: 'control' | 'treatment') => (decisive ? `${valueOf(decisive.arms[name], plan)} of ${decisive.arms[name].units}` : '-');
        return [what, `${plan.parameter} ${plan.control} -> ${plan.treatment}`, arm('control'), arm('treatment'), decisive ? formatTimes(decisive.logEValue) : '-', formatTimes(-Math.log(plan.alpha)), conclusion ?? phase];
      }),
    ),
  );
  say('');
  for (const { status } of seen) if (status) say(`- ${plainVerdict(status)}`);
  say('');
  let isRead = true;
  for (const [parameter, value] of expectedValues(seen)) {
    const { field } = parameterTable[parameter];
    const reads = field === null ? null : read[field];
    isRead &&= reads === value;
    say(`${parameter} shall be ${value}, and a new session reads ${reads}`);
  }
  say('');
  const asExpected = seen.filter(({ expected, status, wasEnded }) => !wasEnded && status?.conclusion === expected).length;
  /** What did not come to a decision changed nothing: no failure, but not shown. */
  const undecided = seen.filter(({ status, wasEnded }) => status === null || wasEnded || status.conclusion === 'no_evidence').length;
  if (!isRead) say(pc.red('FAILED: sessions do not read what the experiments left'));
  else if (asExpected === seen.length) say(pc.green(`PASSED: ${sessions} sessions; one change shipped and kept, one rolled back, one restored, and sessions read just that`));
  else if (asExpected + undecided === seen.length) say(pc.yellow('PASSED, but not all was shown: NO_EVIDENCE for this seed, or not decided in the time there was'));
  else say(pc.red('FAILED: an experiment did not end as it should; see the table above'));
  return isRead && asExpected + undecided === seen.length;
}
