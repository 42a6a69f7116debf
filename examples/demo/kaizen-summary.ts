import pc from 'picocolors';
import { renderTable } from '../../client/cli/table.js';
import { formatTimes, valueOf } from '../../client/report/plain-verdict.js';
import type { ParameterName, ParameterValue } from '../../domain/parameter-table.js';
import type { SeenExperiment } from './kaizen.js';

/** What sessions have to read at the end, by how the experiments closed: a kept one's treatment, else what it found. */
export function expectedValues(seen: readonly SeenExperiment[]): Partial<Record<ParameterName, ParameterValue>> {
  const values: Partial<Record<ParameterName, ParameterValue>> = {};
  for (const { status } of seen) if (status) values[status.plan.parameter] = status.conclusion === 'kept' ? status.plan.treatment : status.plan.control;
  return values;
}

/** Prints the evidence. @returns whether every experiment closed as it should, and sessions read what it left. */
export function printKaizen(seen: readonly SeenExperiment[], read: Partial<Record<ParameterName, ParameterValue>>, sessions: number, say: (text: string) => void): boolean {
  say('');
  say(
    renderTable(
      ['EXPERIMENT', 'CHANGE', 'CONTROL', 'TREATMENT', 'EVIDENCE', 'NEEDED', 'ENDED'],
      seen.map(({ what, status }) => {
        if (!status) return [what, 'none began in time', '', '', '', '', pc.yellow('-')];
        const { plan, look: decisive, conclusion, phase } = status;
        const arm = (name: 'control' | 'treatment') => (decisive ? `${valueOf(decisive.arms[name], plan)} of ${decisive.arms[name].units}` : '-');
        return [what, `${plan.parameter} ${plan.control} -> ${plan.treatment}`, arm('control'), arm('treatment'), decisive ? formatTimes(decisive.logEValue) : '-', formatTimes(-Math.log(plan.alpha)), conclusion ?? phase];
      }),
    ),
  );
  const expected = expectedValues(seen);
  const names = Object.keys(expected) as ParameterName[];
  say('');
  say(renderTable(['PARAMETER', 'SHALL BE', 'A NEW SESSION READS'], names.map((name) => [name, String(expected[name]), String(read[name])])));
  say('');
  const isRead = names.every((name) => expected[name] === read[name]);
  const asExpected = seen.filter(({ expected, status }) => status?.conclusion === expected).length;
  const honest = seen.filter(({ expected, status }) => expected !== 'rolled_back' && status?.conclusion === 'no_evidence').length;
  if (!isRead) say(pc.red('FAILED: sessions do not read what the experiments left'));
  else if (asExpected === seen.length) say(pc.green(`PASSED: ${sessions} sessions; one change shipped and kept, one rolled back, one restored, and sessions read just that`));
  else if (asExpected + honest === seen.length) say(pc.yellow('PASSED, but not all was shown: NO_EVIDENCE for this seed, and so nothing was changed there'));
  else say(pc.red('FAILED: an experiment did not end as it should; see the table above'));
  return isRead && asExpected + honest === seen.length;
}
