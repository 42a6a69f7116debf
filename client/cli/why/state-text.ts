import { waysOn as waysOnFrom } from '../../../domain/ways-on.js';
import { count, formatWhen, oneLine } from '../format.js';
import type { SessionView } from '../../session-view.js';

/** What a session is doing and why, as one paragraph. */
export function describeState(view: SessionView, nowMs: number): string {
  const { name, agent, attempt, restarts, pid, host, until } = view;
  const is = view.state === 'unknown' ? 'is in a state that cannot be told now' : `is ${view.state}`;
  const sentences = [`${name} (${agent}) ${is}: ${oneLine(view.reason, 500)}.`];
  if (until !== null) sentences.push(`It goes on by itself ${Date.parse(until) > nowMs ? formatWhen(until, nowMs) : 'now'}.`);
  const where = pid === null ? `on host ${host ?? 'unknown'}` : `on host ${host ?? 'unknown'} with pid ${pid}`;
  if (attempt > 0) sentences.push(`Attempt ${attempt} (${count(restarts, 'restart')}) ${where}; the session was begun ${formatWhen(view.startedAt, nowMs)}.`);
  if (view.risk) sentences.push(`Its risk zone is ${view.risk.zone}${why(view.risk)}.`);
  if (view.checkpointProblem !== null) sentences.push(`The last checkpoint asked for was not made: ${oneLine(view.checkpointProblem)}.`);
  return sentences.join(' ');
}

function why({ dangers, warnings }: { dangers: readonly string[]; warnings: readonly string[] }): string {
  const parts = [...(dangers.length > 0 ? [`danger by ${dangers.join(', ')}`] : []), ...(warnings.length > 0 ? [`warned of by ${warnings.join(', ')}`] : [])];
  return parts.length > 0 ? ` (${parts.join('; ')})` : '';
}

/** What a person can do next, as commands. */
export function waysOn({ state, name, lastExit, account, pauseReason, fleet }: Pick<SessionView, 'state' | 'name' | 'lastExit' | 'account' | 'pauseReason' | 'fleet'>): string {
  return waysOnFrom({ state, name, lastExitClass: lastExit?.exitClass, account, pauseReason, fleet });
}
