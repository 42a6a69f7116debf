import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import type { ExitClass } from '../domain/exit-class.js';
import type { FleetMember, FleetSettings, FleetState, MemberState } from '../domain/fleet.js';
import type { MemberFailure } from '../domain/fleet-failures.js';
import type { Asked, FleetGoal } from '../domain/fleet-moves.js';
import type { PauseReason, SessionState } from '../domain/session.js';
import type { CommandInput } from './messages.js';

/** The contract of superviseFleet, and of what its members tell it. */

export function fleetWorkflowId(name: string): string {
  return `fleet/${name}`;
}

export const fleetSearchAttributes = {
  /** The name of a fleet, on the fleet and on its members. */
  fleet: defineSearchAttributeKey('ShimFleet', SearchAttributeType.KEYWORD),
} as const;

/** Registered beside those of messages.ts. */
export const fleetSearchAttributeTypes: Readonly<Record<string, 'Keyword' | 'Int'>> = { ShimFleet: 'Keyword' };

export interface SuperviseFleetInput {
  name: string;
  /** Where its members run. */
  hostId: string;
  /** What a continued run carries over; absent in the first run. */
  carried?: CarriedFleet;
}

/** State that survives continue-as-new: plain JSON. Times are Unix ms. */
export interface CarriedFleet {
  /** How often a desired set was given. */
  generation: number;
  settings: FleetSettings;
  goal: FleetGoal;
  /** Why it was given up; null where it was not. */
  escalation: string | null;
  failures: MemberFailure[];
  /** In the fleet's order. */
  members: CarriedMember[];
  /** Sessions that are no longer wanted and have not ended yet. */
  leaving: CarriedMember[];
  /** How often it was given up. */
  escalations: number;
  appliedBy: string;
  appliedAtMs: number;
  stoppedBy: string;
  /** When the members that are awaited were last looked at. */
  lookedAtMs: number;
}

/** A member and what is known of its session. */
export interface CarriedMember extends FleetMember {
  state: MemberState;
  /** Why it is in this state, one line. */
  reason: string;
  epoch: number;
  restarts: number;
  /** As in MemberFacts. */
  asked: Asked | null;
  restartOwed: boolean;
  /** For whose failure it is, or was last, to be restarted, one line. */
  restartFor?: string;
  resetOwed: boolean;
  changeOwed?: boolean;
  /** It was taken over, and not seen yet. */
  unseen?: boolean;
  /** Where it is paused, for what; what the fleet has paused goes on with its reset. */
  pauseReason: PauseReason | null;
  /** The highest epoch whose failure was taken in. */
  judgedEpoch: number;
}

/** The answer of query `fleetStatus`. Times are Unix ms. */
export interface FleetStatus {
  name: string;
  hostId: string;
  state: FleetState;
  /** Why it is in this state, one line. */
  reason: string;
  generation: number;
  settings: FleetSettings;
  /** Counted failures within the window. */
  failures: MemberFailure[];
  members: MemberStatus[];
  /** Names of sessions that are no longer wanted and have not ended yet. */
  leaving: string[];
  appliedBy: string;
  appliedAtMs: number;
}

export interface MemberStatus extends FleetMember {
  state: MemberState;
  reason: string;
  epoch: number;
  restarts: number;
  /** It was told to come up, or to end, and neither is seen yet; or it is yet to be told. */
  isAwaited: boolean;
}

/** A new desired set, which the fleet then converges on. Members of the same sessionId stay, or go on as they are wanted now; others are begun anew. */
export interface ApplyFleetInput {
  /** The generation that this set was made from: whoever came between is not overridden unseen. */
  basedOn: number;
  settings: FleetSettings;
  /** In the fleet's order. */
  members: FleetMember[];
  /** Members whose sessions are there already, of this fleet, which does not know of them: its workflow was lost. */
  taken?: TakenMember[];
  by: string;
}

/** A session that a fleet takes over, as it is now and as whoever found it saw it. One that is not among the wanted members is ended. */
export interface TakenMember extends FleetMember {
  state: MemberState;
  reason: string;
}

/** The answer of a fleet's commands: how it stands now; it acts afterwards. */
export interface FleetAnswer {
  generation: number;
  state: FleetState;
  reason: string;
}

export const fleetStatusQuery = defineQuery<FleetStatus>('fleetStatus');
export const applyFleetUpdate = defineUpdate<FleetAnswer, [ApplyFleetInput]>('applyFleet');
export const stopFleetUpdate = defineUpdate<FleetAnswer, [CommandInput]>('stopFleet');
export const resetFleetUpdate = defineUpdate<FleetAnswer, [CommandInput]>('resetFleet');

/** From a member's session: what it is doing now. */
export const memberNewsSignal = defineSignal<[MemberNews]>('memberNews');
export interface MemberNews {
  name: string;
  sessionId: string;
  state: SessionState;
  reason: string;
  pauseReason: PauseReason | null;
  epoch: number;
  restarts: number;
  /** Counted failures that the fleet was not told of yet, oldest first. */
  failures: { epoch: number; exitClass: ExitClass; reason: string; endedAtMs: number }[];
}

/** What a fleet's workflow returns when it was stopped. */
export interface FleetResult {
  state: 'stopped';
  reason: string;
}
