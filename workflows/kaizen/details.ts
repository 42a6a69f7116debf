import type { NoOpportunity } from '../../domain/experiments/opportunity.js';
import { moment } from '../../domain/moment.js';
import type { KaizenStatus } from '../kaizen-messages.js';
import { oneLine } from '../one-line.js';

/** Why a rule has found nothing. */
const verdicts: Readonly<Record<NoOpportunity['verdict'], string>> = {
  well: 'nothing to improve',
  not_enough_data: 'too little is known',
  open: 'is being tried',
  cooling_down: 'was tried a short while ago',
  frozen: 'frozen by a person',
  undecidable: 'cannot be decided in time',
};

/** The loop's current details as markdown: what the last look found, what was done about it, and what one can do. */
export function describeKaizen(status: KaizenStatus): string {
  const { state, reason, nextLookAtMs, looks, found, notFound, experiments } = status;
  const lines = [`**${state}**: ${oneLine(reason)}`, '', `- looks: ${looks}`, `- experiments open: ${experiments.length === 0 ? 'none' : experiments.map(oneLine).join(', ')}`];
  if (nextLookAtMs !== null) lines.push(`- next look: ${moment(nextLookAtMs)} UTC (signal nudge looks now)`);
  if (state === 'running') lines.push('- update changeSettings changes its settings, stopKaizen ends it; experiments go on');
  if (found.length > 0) lines.push('', 'Found at the last look:', '');
  for (const { opportunity, action } of found) lines.push(`- ${opportunity.parameter} ${opportunity.currentValue} → ${opportunity.proposedValue}: ${oneLine(opportunity.pattern)}; **${oneLine(action)}**`);
  if (notFound.length > 0) lines.push('', 'Looked for, and not found:', '');
  for (const { type, verdict, message } of notFound) lines.push(`- ${type}: **${verdicts[verdict]}**, ${oneLine(message)}`);
  return lines.join('\n');
}
