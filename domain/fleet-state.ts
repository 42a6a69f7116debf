import { isOpen, isUp, type FleetState, type MemberState } from './fleet.js';
import type { FleetGoal } from './fleet-moves.js';

/** What a fleet's state is told from. */
export interface FleetStateFacts {
  goal: FleetGoal;
  escalation: string | null;
  stoppedBy: string;
  members: readonly { name: string; state: MemberState; reason: string; isAwaited: boolean }[];
  /** Sessions that are no longer wanted and have not ended yet. */
  leaving: number;
}

/** A fleet's state and why, in one line. */
export function fleetState({ goal, escalation, stoppedBy, members, leaving }: FleetStateFacts): { state: FleetState; reason: string } {
  const open = members.filter(({ state }) => isOpen(state)).length + leaving;
  if (goal === 'stopped') return open > 0 ? { state: 'stopping', reason: `stop by ${stoppedBy}: ${open} sessions have not ended yet` } : { state: 'stopped', reason: `stopped by ${stoppedBy}` };
  if (escalation !== null) return { state: 'failed', reason: escalation };
  const running = members.filter(({ state }) => state === 'running').length;
  const coming = members.filter(({ state, isAwaited }) => state === 'waiting' || state === 'starting' || isAwaited);
  const settled = members.filter(({ state, isAwaited }) => !isUp(state) && state !== 'waiting' && state !== 'starting' && !isAwaited);
  const sum = `${running} of ${members.length} running`;
  const [first] = settled;
  if (first) return { state: 'degraded', reason: `${sum}; ${first.name} is ${first.state} (${first.reason})${settled.length > 1 ? `, and ${settled.length - 1} more` : ''}` };
  if (leaving > 0 || coming.length > 0) return { state: 'starting', reason: `${sum}${leaving > 0 ? `, ${leaving} ending` : ''}` };
  if (members.length > 0 && running === 0) return { state: 'completed', reason: 'every member has completed' };
  return { state: 'running', reason: sum };
}
