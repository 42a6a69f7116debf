import { describeFinding } from '../../domain/budget.js';
import type { SessionStatus } from '../messages.js';
import { oneLine } from '../one-line.js';

/** What a person can do in each state, here in the Web UI (Send an Update) or on the command line. */
const waysOn: Readonly<Record<SessionStatus['state'], string>> = {
  starting: 'nothing to do: the agent is being started',
  running: 'to pause, stop or checkpoint it, send that update, or `shim pause`, `stop`, `checkpoint`',
  backing_off: 'it restarts by itself; update reset (`shim reset`) starts it now, stop ends it',
  waiting_for_limit: 'it goes on by itself; update reset (`shim reset`) tries now, stop ends it',
  waiting_for_host: 'see the reason: where the host is away, start its worker there (`shim up`); commands are kept until then',
  waiting_for_session: 'it begins when the other session has completed; update resume (`shim resume`) starts it anyway, stop ends it',
  paused: 'update resume (`shim resume`) goes on, stop ends it',
  stopping: 'nothing to do: the process tree is being ended',
  completed: 'nothing to do',
  failed: 'mend the reason, then update reset (`shim reset`); stop ends it; `shim why` and `shim logs` tell more',
  stopped: 'nothing to do: it will not return by itself',
};

/** The session's current details as markdown: what, why, what one can do, and the last ends. */
export function describeSession(status: SessionStatus): string {
  const lines = [
    `**${status.state}**: ${oneLine(status.reason)}`,
    '',
    `- what now: ${waysOn[status.state]}`,
    `- attempt: ${status.epoch}, restarts: ${status.restarts}`,
    `- host: ${status.hostId}${status.attempt ? `, pid ${status.attempt.pid}` : ''}`,
    `- last checkpoint: ${status.checkpoint ? `${status.checkpoint.id}, ${new Date(status.checkpoint.atMs).toISOString()}` : 'none yet'}`,
  ];
  if (status.promptsWaiting > 0) lines.push(`- prompts waiting: ${status.promptsWaiting}; query prompts (\`shim queue ${status.name}\`) shows them`);
  if (status.account !== null) lines.push(`- account: ${oneLine(status.account)} (\`shim account ${oneLine(status.account)}\` shows who waits for its limit)`);
  if (status.budget?.finding) lines.push(`- budget: ${oneLine(describeFinding(status.budget.finding, status.name))}`);
  if (status.untilMs !== null) lines.push(`- until: ${new Date(status.untilMs).toISOString()}`);
  if (status.ends.length > 0) lines.push('', 'Last ends:', '');
  for (const end of status.ends.slice(-5)) {
    lines.push(`- attempt ${end.epoch}: ${end.exitClass} (${oneLine(end.reason)}), then ${oneLine(end.decision)}`);
  }
  return lines.join('\n');
}
