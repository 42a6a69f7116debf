import { z } from 'zod';
import { closedStates, sessionNameSchema, sessionSpecSchema, type SessionState } from './session.js';

/** Who is restarted when a member fails: it alone, all, or it and those after it in the fleet's order. */
export const fleetStrategies = ['one_for_one', 'one_for_all', 'rest_for_one'] as const;
export type FleetStrategy = (typeof fleetStrategies)[number];

/** Members of one fleet; what they are made of travels in one message. */
export const mostMembers = 500;

/** How a fleet is kept, its members aside. */
export const fleetSettingsSchema = z.strictObject({
  strategy: z.enum(fleetStrategies).default('one_for_one'),
  /** Members that come up, or are ended, at the same time; 1 is one after another. */
  atOnce: z.number().int().positive().max(mostMembers).default(8),
  /** More than `maxFailures` counted failures of all members together within `windowMs` end in the state failed. */
  intensity: z
    .strictObject({
      maxFailures: z.number().int().nonnegative().default(20),
      windowMs: z.number().int().positive().default(600_000),
    })
    .prefault({}),
});
export type FleetSettings = z.infer<typeof fleetSettingsSchema>;

/** One session of a fleet, as it is wanted. */
export const fleetMemberSchema = z.strictObject({
  spec: sessionSpecSchema,
  /** Variables that were asked for by name, beside those that every agent is given. */
  environmentAsked: z.array(z.string()),
  /** Members that have to be up before this one is begun; they come before it in the fleet's order. */
  dependsOn: z.array(sessionNameSchema),
});
export type FleetMember = z.infer<typeof fleetMemberSchema>;

/** What a fleet is doing, in the words of the CLI and the Web UI. */
export const fleetStates = ['starting', 'running', 'degraded', 'completed', 'failed', 'stopping', 'stopped'] as const;
export type FleetState = (typeof fleetStates)[number];

/** What a member is doing: as its session does; `waiting` before it is begun. */
export type MemberState = SessionState | 'waiting';

/** Whether there is a session that may act, or may be told to. */
export function isOpen(state: MemberState): boolean {
  return state !== 'waiting' && !closedStates.some((closed) => closed === state);
}

/** Whether its session goes on by itself. */
export function isActive(state: MemberState): boolean {
  return isOpen(state) && state !== 'paused' && state !== 'failed' && state !== 'stopping';
}

/** Whether those that depend on it may be begun. */
export function isUp(state: MemberState): boolean {
  return state === 'running' || state === 'completed';
}
