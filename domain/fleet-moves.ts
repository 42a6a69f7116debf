import { isActive, isOpen, isUp, type MemberState } from './fleet.js';

/** What a fleet is after: all members up, none of them acting, or none there. */
export type FleetGoal = 'running' | 'paused' | 'stopped';

/** A member was told to come up, or to end, and neither is seen yet. */
export interface Asked {
  to: 'come_up' | 'end';
  /** Unix ms. */
  atMs: number;
  /** Its latest attempt then. */
  epoch: number;
}

/** A member as the next moves go by it. */
export interface MemberFacts {
  name: string;
  /** Two members bear one name while the one takes the other's place. */
  sessionId: string;
  dependsOn: readonly string[];
  state: MemberState;
  /** A call about it is under way. */
  busy: boolean;
  /** What it was told, and is not seen to have done yet; null where nothing is awaited. */
  asked: Asked | null;
  /** It is to be restarted for another's failure. */
  restartOwed: boolean;
  /** A person has reset the fleet, and it rests. */
  resetOwed: boolean;
  /** Its session is to go on as it is wanted now; those of older versions do not tell. */
  changeOwed?: boolean;
}

export interface FleetFacts {
  goal: FleetGoal;
  atOnce: number;
  /** In the fleet's order. */
  members: readonly MemberFacts[];
  /** Sessions that are no longer wanted, in the order they had. */
  leaving: readonly MemberFacts[];
  nowMs: number;
}

export interface Move {
  kind: 'start' | 'stop' | 'pause' | 'restart' | 'reset' | 'change';
  sessionId: string;
}

/** Who does not come up within this holds no other up any longer, ms. */
export const comeUpMs = 30_000;

/**
 * What is to be done next. Members begin in order, each when what it depends on is up, and end in reverse order, each when
 * what depends on it has ended; so many at once. Pure: whoever acts on it marks what it has begun.
 */
export function nextMoves(facts: FleetFacts): Move[] {
  return [...endingMoves(facts), ...(facts.goal === 'running' ? comingMoves(facts) : [])];
}

function endingMoves({ goal, atOnce, members, leaving }: FleetFacts): Move[] {
  const kind = goal === 'paused' ? 'pause' : 'stop';
  const ends = goal === 'stopped' ? members.filter(({ state }) => isOpen(state)) : goal === 'paused' ? members.filter(({ state }) => isActive(state) || state === 'stopping') : [];
  const ending = [...leaving.filter(({ state }) => isOpen(state)).map((member) => ({ member, kind: 'stop' as const })), ...ends.map((member) => ({ member, kind }) as const)];
  const needed = new Set(ending.flatMap(({ member }) => [...member.dependsOn]));
  const asked = (member: MemberFacts) => member.busy || member.asked?.to === 'end';
  let room = atOnce - ending.filter(({ member }) => asked(member)).length;
  const moves: Move[] = [];
  for (const { member, kind } of ending.toReversed()) {
    if (room <= 0) break;
    if (asked(member) || needed.has(member.name)) continue;
    moves.push({ kind, sessionId: member.sessionId });
    room -= 1;
  }
  return moves;
}

function comingMoves({ atOnce, members, leaving, nowMs }: FleetFacts): Move[] {
  const held = new Set(leaving.filter(({ state }) => isOpen(state)).map(({ name }) => name));
  const stateOf = new Map(members.map(({ name, state }) => [name, state]));
  let room = atOnce - members.filter((member) => isComing(member, nowMs)).length;
  const moves: Move[] = [];
  for (const member of members) {
    if (room <= 0) break;
    const kind = member.busy ? null : comingKind(member, held, stateOf);
    if (kind === null) continue;
    moves.push({ kind, sessionId: member.sessionId });
    room -= 1;
  }
  return moves;
}

function comingKind(member: MemberFacts, held: ReadonlySet<string>, stateOf: ReadonlyMap<string, MemberState>): 'start' | 'restart' | 'reset' | 'change' | null {
  const { name, state, dependsOn, restartOwed, resetOwed, changeOwed = false } = member;
  if (state === 'waiting') return !held.has(name) && dependsOn.every((needed) => isUp(stateOf.get(needed) ?? 'completed')) ? 'start' : null;
  if (changeOwed && isOpen(state)) return 'change';
  if (resetOwed) return 'reset';
  return restartOwed && isActive(state) ? 'restart' : null;
}

/** Whether it takes one of the places of those that come up. */
function isComing({ busy, asked }: MemberFacts, nowMs: number): boolean {
  return busy || (asked?.to === 'come_up' && nowMs - asked.atMs < comeUpMs);
}
