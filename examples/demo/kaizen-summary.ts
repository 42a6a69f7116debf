import pc from 'picocolors';
import { renderTable } from '../../client/cli/table.js';
import { formatTimes, valueOf } from '../../client/report/plain-verdict.js';
import type { ParameterValue } from '../../domain/parameter-table.js';
import type { SeenExperiment } from './kaizen.js';

/** What sessions have to read at the end: the treatment of the last that was kept, else what they had before. */
export function expectedZone(seen: readonly SeenExperiment[]): ParameterValue | null {
  const kept = seen.findLast(({ status }) => status?.conclusion === 'kept')?.status;
  return kept?.plan.treatment ?? seen[0]?.status?.plan.control ?? null;
}

/** Prints the evidence. @returns whether every experiment closed as it should, and sessions read what it left. */
export function printKaizen(seen: readonly SeenExperiment[], read: ParameterValue, sessions: number, say: (text: string) => void): boolean {
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
  const zone = expectedZone(seen);
  const isRead = zone === null || zone === read;
  say('');
  say(`danger_zone shall be ${zone ?? 'as it was'}, and a new session reads ${read}`);
  say('');
  const asExpected = seen.filter(({ expected, status }) => status?.conclusion === expected).length;
  /** What did not come to a decision changed nothing: no failure, but not shown. */
  const undecided = seen.filter(({ status }) => status === null || status.conclusion === 'no_evidence' || status.conclusion === 'aborted').length;
  if (!isRead) say(pc.red('FAILED: sessions do not read what the experiments left'));
  else if (asExpected === seen.length) say(pc.green(`PASSED: ${sessions} sessions; one change shipped and kept, one rolled back, one restored, and sessions read just that`));
  else if (asExpected + undecided === seen.length) say(pc.yellow('PASSED, but not all was shown: NO_EVIDENCE for this seed, or not decided in the time there was'));
  else say(pc.red('FAILED: an experiment did not end as it should; see the table above'));
  return isRead && asExpected + undecided === seen.length;
}
