import { describeAccount, type AccountState } from '../../domain/account.js';
import { oneLine } from '../one-line.js';

const sessionsShown = 20;

/** An account's current details as markdown: its limit, why, who waits, and what one can do. */
export function describeAccountState(state: AccountState): string {
  const { phase, reason, untilMs, setBy, consecutive, waiting, probe } = state;
  const lines = [`**${phase}**: ${oneLine(describeAccount(state))}`, '', `- last limit: ${oneLine(reason)}`];
  if (untilMs !== null) lines.push(`- until: ${new Date(untilMs).toISOString()}${setBy === null ? '' : `, set by ${oneLine(setBy)}`}`);
  if (probe) lines.push(`- goes first: ${oneLine(probe.session)}`);
  if (consecutive > 1) lines.push(`- waits in a row without a success: ${consecutive}`);
  lines.push('', 'Update waitUntil moves the end of the wait (`shim account NAME wait-until TIME`); cancelWait ends it (`shim account NAME cancel`).');
  if (waiting.length > 0) lines.push('', 'Waiting, in this order:', '');
  for (const { session, sinceMs } of waiting.slice(0, sessionsShown)) lines.push(`- ${oneLine(session)}, since ${new Date(sinceMs).toISOString()}`);
  if (waiting.length > sessionsShown) lines.push(`- and ${waiting.length - sessionsShown} more`);
  return lines.join('\n');
}
