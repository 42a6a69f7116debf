import { formatDuration } from './duration.js';
import { moment } from './moment.js';
import type { SessionSpec } from './session.js';

const commandInSummary = 60;

/** What a session runs, in one line of plain text. */
export function commandLine({ agent, argv }: SessionSpec): string {
  const words = argv.join(' ').replace(/\s+/g, ' ').trim();
  return agent === 'command' ? words : `${agent} ${words}`.trim();
}

/** A session in one line of markdown, for lists and timelines. */
export function specSummary(spec: SessionSpec): string {
  return `${spec.agent} ${spec.name}: ${code(spec.argv.join(' '), commandInSummary)}`;
}

/** What a session is made of, as markdown. */
export function specDetails(spec: SessionSpec, hostId: string): string {
  const { intensity, restart } = spec.policy;
  const lines = [
    `- agent: ${spec.agent}`,
    `- command: ${code(spec.argv.join(' '), 2_000)}`,
    `- folder: ${code(spec.cwd, 1_000)}`,
    `- host: ${hostId}`,
    `- policy: ${restart}, ${intensity.maxFailures} failures in ${formatDuration(intensity.windowMs)}`,
    `- session: ${spec.sessionId}, made ${moment(Date.parse(spec.createdAt))} UTC`,
  ];
  if (spec.fleet !== undefined) lines.push(`- fleet: ${spec.fleet}`);
  return lines.join('\n');
}

/** For text that a browser renders as markdown: in a code span nothing is a tag, and no dash is made prettier. */
function code(text: string, longest: number): string {
  const line = text.replace(/[\s`]+/g, ' ').trim();
  return `\`${line.length > longest ? `${line.slice(0, longest - 1)}…` : line}\``;
}
