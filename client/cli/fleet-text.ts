import { formatDuration } from '../../domain/duration.js';
import type { FieldChange, FleetPlan, MemberChange } from '../../domain/fleet-plan.js';
import type { FleetStatus, MemberStatus } from '../../workflows/fleet-messages.js';
import { compactNames } from './compact-names.js';
import type { CliContext } from './context.js';
import { count, formatBytes, formatWhen, oneLine } from './format.js';
import { stateColour } from './state-colour.js';
import { renderPairs, renderTable } from './table.js';

/** Width of a screen where none is known, columns. */
const usualWidth = 100;
const reasonsShown = 15;

type Colours = CliContext['colours'];

/** What applying would do, a line for each kind of change. */
export function describePlan({ changes, settings, unchanged }: FleetPlan, name: string, { green, red, yellow, dim }: Colours): string {
  const lines: string[] = [];
  const starts = changes.filter((change) => change.kind === 'start' && change.why === 'new');
  if (starts.length > 0) lines.push(green(`+ start    ${compactNames(starts.map((change) => change.name))}`));
  for (const [why, names] of grouped(changes, (change) => (change.kind === 'start' && change.why === 'stopped' ? `it has stopped: ${oneLine(change.reason, 120)}` : null))) lines.push(green(`+ start    ${compactNames(names)}`), dim(`           ${why}`));
  for (const [why, names] of grouped(changes, (change) => (change.kind === 'restart' ? `${change.fields.map(showChange).join('; ')}; ${change.goesOn ? 'the session goes on, so changed' : 'a new session takes the place of the present one'}` : null))) lines.push(yellow(`~ restart  ${compactNames(names)}`), dim(`           ${why}`));
  const taken = changes.filter(({ kind }) => kind === 'take').map((change) => change.name);
  if (taken.length > 0) lines.push(yellow(`~ take     ${compactNames(taken)}`), dim('           the fleet has lost it; its session goes on as it is'));
  // The last first, as they end.
  const stops = changes.filter(({ kind }) => kind === 'stop').map((change) => change.name);
  if (stops.length > 0) lines.push(red(`- stop     ${compactNames(stops.toReversed())}`));
  for (const change of settings) lines.push(yellow(`~ change   ${showChange(change)}`));
  const sum = lines.length === 0 ? `fleet ${name} is as the file wants it: ${count(unchanged, 'member')}` : `fleet ${name}: ${count(unchanged, 'member')} unchanged`;
  return [...lines, sum].join('\n');
}

/** A fleet of any size on one screen: what it is, its members side by side, and why some are not running. */
export function describeFleet(status: FleetStatus, uiUrl: string | null, nowMs: number, { colours }: Pick<CliContext, 'colours'>, width = process.stdout.columns ?? usualWidth): string {
  const { name, state, reason, settings, failures, members, leaving, appliedBy, appliedAtMs } = status;
  const { maxFailures, windowMs } = settings.intensity;
  const pairs: [string, string][] = [
    ['fleet', name],
    ['state', `${fleetColour(state, colours)}: ${oneLine(reason, 300)}`],
    ['strategy', `${settings.strategy}, ${settings.atOnce === 1 ? 'one after another' : `${settings.atOnce} at once`}; ${failures.length} of ${maxFailures} failures in ${formatDuration(windowMs)}`],
    ['applied', `by ${oneLine(appliedBy, 60)}, ${formatWhen(new Date(appliedAtMs).toISOString(), nowMs)}`],
  ];
  if (leaving.length > 0) pairs.push(['ending', compactNames(leaving)]);
  if (uiUrl !== null) pairs.push(['web ui', uiUrl]);
  pairs.push(['what now', waysOn(status)]);
  const parts = [renderPairs(pairs), grid(members, colours, width)];
  const others = members.filter((member) => member.state !== 'running' && member.state !== 'completed' && !member.isAwaited);
  if (others.length > 0) {
    const rows = others.slice(0, reasonsShown).map((member) => [member.spec.name, stateColour(member.state, colours), String(member.restarts), oneLine(member.reason, 100)]);
    parts.push(renderTable(['NOT RUNNING', 'STATE', 'RESTARTS', 'WHY'], rows) + (others.length > reasonsShown ? `\nand ${others.length - reasonsShown} more` : ''));
  }
  return parts.join('\n\n');
}

/** All fleets, a row each. */
export function fleetTable(fleets: readonly FleetStatus[], { colours }: Pick<CliContext, 'colours'>): string {
  return renderTable(
    ['FLEET', 'STATE', 'RUNNING', 'STRATEGY', 'FAILURES', 'WHY'],
    fleets.map(({ name, state, reason, settings, failures, members }) => [
      name,
      fleetColour(state, colours),
      `${members.filter((member) => member.state === 'running').length}/${members.length}`,
      settings.strategy,
      `${failures.length}/${settings.intensity.maxFailures}`,
      oneLine(reason, 60),
    ]),
  );
}

/** What has changed since another look, one line for each; `starting` is passed over. */
export function progressLines(before: FleetStatus | null, after: FleetStatus): string[] {
  const known = new Map((before?.members ?? []).map((member) => [member.spec.sessionId, member]));
  const changed = after.members.filter((member) => {
    const was = known.get(member.spec.sessionId);
    return member.state !== 'waiting' && member.state !== 'starting' && member.state !== was?.state;
  });
  const byState = new Map<string, string[]>();
  for (const member of changed) byState.set(member.state, [...(byState.get(member.state) ?? []), member.spec.name]);
  return [...byState].map(([state, names]) => `${compactNames(names)}: ${state}`);
}

function waysOn({ name, state, members }: FleetStatus): string {
  const failed = members.find((member) => member.state === 'failed');
  switch (state) {
    case 'failed':
      return `mend the cause, then: shim fleet ${name} reset; or end it: shim fleet ${name} stop`;
    case 'degraded':
      return failed ? `see: shim why ${failed.spec.name}; then: shim reset ${failed.spec.name}` : 'see below; what has stopped returns with: shim apply FILE';
    case 'stopped':
      return 'nothing: it will not return by itself; begin it anew: shim apply FILE';
    case 'starting':
    case 'stopping':
      return `wait: shim fleet ${name} shows when it is done`;
    case 'running':
    case 'completed':
      return `change it: shim apply FILE; end it: shim fleet ${name} stop`;
  }
}

/** Names and states side by side, as many as fit, down the columns. */
function grid(members: readonly MemberStatus[], colours: Colours, width: number): string {
  if (members.length === 0) return 'it has no members';
  const longest = Math.max(...members.map(({ spec }) => spec.name.length));
  const longestState = Math.max(...members.map(({ state }) => state.length));
  const columns = Math.max(1, Math.floor((width + 3) / (longest + longestState + 4)));
  const rows = Math.ceil(members.length / columns);
  const cell = ({ spec, state }: MemberStatus) => `${spec.name.padEnd(longest)} ${stateColour(state, colours)}${' '.repeat(longestState - state.length)}`;
  return Array.from({ length: rows }, (_, row) =>
    Array.from({ length: columns }, (_unused, column) => members[column * rows + row])
      .filter((member) => member !== undefined)
      .map(cell)
      .join('   ')
      .trimEnd(),
  ).join('\n');
}

function fleetColour(state: string, colours: Colours): string {
  return state === 'degraded' ? colours.yellow(state) : stateColour(state, colours);
}

function grouped(changes: readonly MemberChange[], keyOf: (change: MemberChange) => string | null): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const change of changes) {
    const key = keyOf(change);
    if (key !== null) groups.set(key, [...(groups.get(key) ?? []), change.name]);
  }
  return groups;
}

/** The words of the file for the fields of a session and of a fleet. */
const wordOf: Readonly<Record<string, string>> = {
  argv: 'command',
  'policy.restart': 'policy',
  'policy.intensity.maxFailures': 'max-failures',
  'policy.intensity.windowMs': 'window',
  'policy.backoff.maxMs': 'backoff-max',
  'limits.stopGraceMs': 'stop-grace',
  'limits.startTimeoutMs': 'start-timeout',
  'limits.memoryBytes': 'memory-limit',
  'parameters.backoffBaseMs': 'backoff-base',
  'parameters.hangTimeoutMs': 'hang-timeout',
  'parameters.checkpointIntervalMinutes': 'checkpoint-interval',
  'parameters.dangerZone': 'danger-zone',
  'parameters.resumeStrategy': 'resume-strategy',
  atOnce: 'at-once',
  'intensity.maxFailures': 'max-failures',
  'intensity.windowMs': 'window',
};

function showChange({ field, before, after }: FieldChange): string {
  const word = wordOf[field] ?? field.replace(/\.dependsOn$/, ' depends-on');
  return `${word}: ${showValue(field, before)} -> ${showValue(field, after)}`;
}

function showValue(field: string, value: unknown): string {
  if (value === undefined) return 'not set';
  if (typeof value === 'number' && field.endsWith('Ms')) return formatDuration(value);
  if (typeof value === 'number' && field.endsWith('Minutes')) return formatDuration(value * 60_000);
  if (typeof value === 'number' && field.endsWith('Bytes')) return formatBytes(value);
  if (Array.isArray(value)) return value.length === 0 ? 'none' : oneLine(field === 'argv' ? value.join(' ') : field === 'order' ? compactNames(value as string[]) : value.join(', '), 80);
  return oneLine(typeof value === 'string' ? value : JSON.stringify(value), 80);
}
