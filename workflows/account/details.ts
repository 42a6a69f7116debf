import { describeAccount, type AccountState } from '../../domain/account.js';
import { moment } from '../../domain/moment.js';
import { oneLine } from '../one-line.js';

const sessionsShown = 20;

/** An account's current details as markdown: its limit, why, who waits, and what one can do. */
export function describeAccountState(state: AccountState): string {
  const { account, phase, reason, untilMs, setBy, consecutive, waiting, probe } = state;
  const wait = phase === 'open' ? 'nothing to do: nobody waits' : `sessions go on by themselves; update cancelWait (\`shim account ${oneLine(account)} cancel\`) ends the wait, waitUntil (\`shim account ${oneLine(account)} wait-until TIME\`) moves its end`;
  const lines = [`**${phase}**: ${oneLine(describeAccount(state))}`, '', `- what now: ${wait}`, `- last limit: ${oneLine(reason)}`];
  if (untilMs !== null) lines.push(`- until: ${moment(untilMs)} UTC${setBy === null ? '' : `, set by ${oneLine(setBy)}`}`);
  if (probe) lines.push(`- goes first: ${oneLine(probe.session)}`);
  if (consecutive > 1) lines.push(`- waits in a row without a success: ${consecutive}`);
  if (waiting.length > 0) lines.push('', 'Waiting, in this order:', '');
  for (const { session, sinceMs } of waiting.slice(0, sessionsShown)) lines.push(`- ${oneLine(session)}, since ${moment(sinceMs)} UTC`);
  if (waiting.length > sessionsShown) lines.push(`- and ${waiting.length - sessionsShown} more`);
  return lines.join('\n');
}
