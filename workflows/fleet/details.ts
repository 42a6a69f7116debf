import { formatDuration } from '../../domain/duration.js';
import type { FleetState } from '../../domain/fleet.js';
import { moment } from '../../domain/moment.js';
import type { FleetStatus } from '../fleet-messages.js';
import { oneLine } from '../one-line.js';

/** What a person can do in each state, here in the Web UI (Send an Update) or on the command line. */
const waysOn: Readonly<Record<FleetState, (name: string) => string>> = {
  starting: () => 'nothing to do: members are being started',
  running: (name) => `nothing to do; \`shim apply\` changes it; update stopFleet (\`shim fleet ${name} stop\`) ends it`,
  degraded: () => 'see the members below; `shim why MEMBER` and `shim reset MEMBER`',
  completed: (name) => `nothing to do; update stopFleet (\`shim fleet ${name} stop\`) closes it`,
  failed: (name) => `mend the reason, then update resetFleet (\`shim fleet ${name} reset\`); stopFleet ends it`,
  stopping: () => 'nothing to do: members are being ended, the last first',
  stopped: () => 'nothing to do; `shim apply` begins it anew',
};

const membersShown = 20;

/** The fleet's current details as markdown: what, why, what one can do, and the members that are not running. */
export function describeFleet(status: FleetStatus): string {
  const { name, state, reason, settings, members, failures, appliedBy, appliedAtMs } = status;
  const { maxFailures, windowMs } = settings.intensity;
  const running = members.filter((member) => member.state === 'running').length;
  const others = members.filter((member) => member.state !== 'running');
  const lines = [
    `**${state}**: ${oneLine(reason)}`,
    '',
    `- what now: ${waysOn[state](name)}`,
    `- members: ${running} of ${members.length} running`,
    `- strategy: ${settings.strategy}, ${settings.atOnce === 1 ? 'one after another' : `${settings.atOnce} at once`}`,
    `- failures: ${failures.length} in ${formatDuration(windowMs)}, ${maxFailures} allowed`,
    `- applied by ${oneLine(appliedBy)}, ${moment(appliedAtMs)} UTC`,
  ];
  if (others.length > 0) lines.push('', 'Not running:', '');
  for (const member of others.slice(0, membersShown)) lines.push(`- ${member.spec.name}: ${member.state} (${oneLine(member.reason)})`);
  if (others.length > membersShown) lines.push(`- and ${others.length - membersShown} more`);
  return lines.join('\n');
}
