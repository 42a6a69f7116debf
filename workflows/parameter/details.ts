import type { KaizenMode } from '../../domain/kaizen-mode.js';
import { parameterTable } from '../../domain/parameter-table.js';
import { formatShare } from '../../domain/share.js';
import { moment } from '../../domain/moment.js';
import type { ParameterStatus } from '../kaizen-messages.js';
import { oneLine } from '../one-line.js';

const changesShown = 8;

/** What each mode means. */
const modes: Readonly<Record<KaizenMode, string>> = {
  observe: 'the loop only says what it would try',
  propose: 'experiments on it wait for a person',
  auto: 'experiments on it begin by themselves',
};

/** A parameter's current details as markdown: what sessions get, who has it, what one can do, and the last changes. */
export function describeParameter(status: ParameterStatus): string {
  const { name, value, lastKnownGood, rollout, enrolment, holder, mode, frozen, coolDownUntilMs, version, history } = status;
  const { unit, description } = parameterTable[name];
  const inUnit = unit === 'choice' || unit === 'ratio' ? '' : ` ${unit}`;
  const lines = [
    `**${name} = ${value}${inUnit}**${rollout ? ` for ${formatShare(rollout.share)} of the sessions, ${rollout.control} for the others` : ''}`,
    '',
    `- what it is: ${description}`,
    `- last known good, which a rollback gives again: ${lastKnownGood}`,
    `- held by: ${holder ?? 'nobody'}`,
    `- mode: ${mode}, ${modes[mode]} (update setMode changes it)`,
    `- version: ${version}`,
  ];
  if (rollout) lines.push(`- rollout: of ${oneLine(rollout.experimentId)}`);
  if (enrolment) lines.push(`- enrolling: new sessions into ${oneLine(enrolment.experimentId)}, ${enrolment.control} against ${enrolment.treatment}`);
  if (frozen) lines.push(`- **frozen** by ${oneLine(frozen.by)}: ${oneLine(frozen.reason)} (update unfreeze ends it)`);
  if (coolDownUntilMs !== null) lines.push(`- no experiment takes it before: ${moment(coolDownUntilMs)} UTC`);
  lines.push('', 'Update setParameter gives every session a value of your own, and takes the parameter from any experiment.');
  if (history.length > 0) lines.push('', 'Last changes:', '');
  for (const change of history.slice(-changesShown).toReversed()) lines.push(`- ${moment(change.atMs)}: ${change.value} by ${oneLine(change.by)}: ${oneLine(change.reason)}`);
  return lines.join('\n');
}
