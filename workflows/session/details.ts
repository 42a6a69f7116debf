import { describeFinding } from '../../domain/budget.js';
import type { SessionSpec } from '../../domain/session.js';
import { specSummary } from '../../domain/spec-text.js';
import { moment } from '../../domain/moment.js';
import type { SessionStatus } from '../messages.js';
import { oneLine } from '../one-line.js';

/** An agent's last words may be a page of a stack trace. */
const endReasonLength = 120;

/** What a person can do in each state, here in the Web UI (Send an Update) or on the command line. */
function waysOn({ state, name }: SessionStatus): string {
  switch (state) {
    case 'starting':
      return 'nothing to do: the agent is being started';
    case 'running':
      return `nothing to do; \`shim logs ${name} -f\` shows its output; updates pause, stop and checkpointNow (\`shim pause ${name}\`, \`stop\`, \`checkpoint\`)`;
    case 'backing_off':
      return `it restarts by itself; update reset (\`shim reset ${name}\`) starts it now, stop ends it`;
    case 'waiting_for_limit':
      return `it goes on by itself; update reset (\`shim reset ${name}\`) tries now, stop ends it`;
    case 'waiting_for_host':
      return 'see the reason: where the host is away, start its worker there (`shim up`); commands are kept until then';
    case 'waiting_for_session':
      return `it begins by itself when that one has completed; update resume (\`shim resume ${name}\`) starts it anyway, stop ends it`;
    case 'paused':
      return `update resume (\`shim resume ${name}\`) goes on, stop ends it`;
    case 'stopping':
      return 'nothing to do: the process tree is being ended';
    case 'completed':
      return 'nothing to do';
    case 'failed':
      return `mend the reason, then update reset (\`shim reset ${name}\`); stop ends it; \`shim why ${name}\` and \`shim logs ${name}\` tell more`;
    case 'stopped':
      return 'nothing to do: it will not return by itself';
  }
}

/** Why it is so; of one that runs, what it is at. */
function headline({ state, reason, attempt, ends }: SessionStatus): string {
  const last = ends.at(-1);
  if (state !== 'running' || attempt === null) return reason;
  return `the agent is at work, in attempt ${attempt.epoch} since ${moment(attempt.startedAtMs)} UTC${last ? `; the one before: ${last.exitClass}` : ''}`;
}

/** The session's current details as markdown: what, why, what one can do, and the last ends. */
export function describeSession(status: SessionStatus, spec: SessionSpec): string {
  const lines = [
    `**${status.state}**: ${oneLine(headline(status))}`,
    '',
    `- what now: ${waysOn(status)}`,
    // The static summary is lost when the workflow continues as new.
    `- runs: ${specSummary(spec)}`,
    ...(status.untilMs === null ? [] : [`- until: ${moment(status.untilMs)} UTC`]),
    `- attempt: ${status.epoch}, restarts: ${status.restarts}`,
    `- host: ${status.hostId}${status.attempt ? `, pid ${status.attempt.pid}` : ''}`,
    // Its host tells Temporal of few checkpoints, and has them all.
    `- last checkpoint known here: ${status.checkpoint ? `${status.checkpoint.id}, ${moment(status.checkpoint.atMs)} UTC` : 'none'} (\`shim checkpoints ${status.name}\` lists all)`,
  ];
  if (status.promptsWaiting > 0) lines.push(`- prompts waiting: ${status.promptsWaiting}; query prompts (\`shim queue ${status.name}\`) shows them`);
  if (status.account !== null) lines.push(`- account: ${oneLine(status.account)} (\`shim account ${oneLine(status.account)}\` shows who waits for its limit)`);
  if (status.budget?.finding) lines.push(`- budget: ${oneLine(describeFinding(status.budget.finding, status.name))}`);
  if (status.ends.length > 0) lines.push('', 'Last ends:', '');
  for (const end of status.ends.slice(-5)) {
    const decision = end.decision === `fail: ${end.exitClass}: ${end.reason}` ? 'the session failed' : oneLine(end.decision);
    lines.push(`- attempt ${end.epoch}: ${end.exitClass} (${oneLine(end.reason).slice(0, endReasonLength)}), then ${decision}`);
  }
  return lines.join('\n');
}
