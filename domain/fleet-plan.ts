import { isOpen, type FleetMember, type FleetSettings, type MemberState } from './fleet.js';
import type { SessionSpec } from './session.js';
import { isChangeable } from './spec-change.js';

/** A member as it is now. */
export interface PresentMember extends FleetMember {
  state: MemberState;
  /** Why it is in this state, one line. */
  reason: string;
  /** The fleet does not know of it: it is a session of the fleet whose workflow was lost. */
  isUnknown?: boolean;
}

/** A field that differs, by its path in the SessionSpec or the FleetSettings; `env` and `dependsOn` of a member. */
export interface FieldChange {
  field: string;
  before: unknown;
  after: unknown;
}

/** What becomes of one member. */
export type MemberChange =
  | { kind: 'start'; name: string; why: 'new' | 'stopped'; reason: string }
  /** Its session goes on, changed: for other bounds, budgets, variables and settings. Other work, or one that has closed, is a new session. */
  | { kind: 'restart'; name: string; goesOn: boolean; fields: FieldChange[] }
  /** Nothing happens to its session but that the fleet knows of it again. */
  | { kind: 'take'; name: string }
  | { kind: 'stop'; name: string };

export interface FleetPlan {
  changes: MemberChange[];
  /** Of the fleet itself, and what only puts members in another order: nothing is restarted for it. */
  settings: FieldChange[];
  unchanged: number;
  /** What to apply: members that stay, or go on changed, keep the session they have. */
  members: FleetMember[];
}

/** Fields that make no other session: its id and date are new each time, the environment's names and who pays by it are those of whoever looks. */
const ofNoMatter = new Set(['sessionId', 'createdAt', 'changedAt', 'environmentNames', 'account']);

/**
 * Compares what is wanted with what is. A member that has completed, failed or was paused is what it should be; one that was
 * stopped is begun anew, for its session never returns.
 *
 * @param present null where there is no such fleet.
 */
export function planFleet(present: { settings: FleetSettings; members: readonly PresentMember[] } | null, settings: FleetSettings, wanted: readonly FleetMember[]): FleetPlan {
  const known = new Map((present?.members ?? []).map((member) => [member.spec.name, member]));
  const changes: MemberChange[] = [];
  const members: FleetMember[] = [];
  const reordered: FieldChange[] = [];
  for (const member of wanted) {
    const { name } = member.spec;
    const before = known.get(name);
    known.delete(name);
    const fields = before ? memberChanges(before, member) : [];
    const change: MemberChange | null = !before
      ? { kind: 'start', name, why: 'new', reason: 'new' }
      : before.state === 'stopped'
        ? { kind: 'start', name, why: 'stopped', reason: before.reason }
        : fields.length > 0
          ? { kind: 'restart', name, goesOn: isOpen(before.state) && fields.every(({ field }) => isChangeable(field)), fields }
          : before.isUnknown
            ? { kind: 'take', name }
            : null;
    if (change) changes.push(change);
    else if (before && JSON.stringify(before.dependsOn) !== JSON.stringify(member.dependsOn)) reordered.push({ field: `${name}.dependsOn`, before: before.dependsOn, after: member.dependsOn });
    const goesOn = change?.kind === 'restart' && change.goesOn;
    if (before && goesOn) members.push({ ...member, spec: changedSpec(before.spec, member.spec) });
    else members.push((change && change.kind !== 'take') || !before ? member : { spec: before.spec, environmentAsked: before.environmentAsked, dependsOn: member.dependsOn });
  }
  for (const name of [...known.keys()].toReversed()) changes.push({ kind: 'stop', name });
  const fleet = present ? differences(flat(present.settings), flat(settings)) : [];
  return { changes, settings: [...fleet, ...reordered, ...orderChange(present?.members ?? [], members)], unchanged: members.length - changes.filter(({ kind }) => kind === 'start' || kind === 'restart').length, members };
}

/** As it is wanted now, of the same session and with the same payer. */
function changedSpec({ sessionId, createdAt, account }: SessionSpec, { createdAt: changedAt, ...wanted }: SessionSpec): SessionSpec {
  return { ...wanted, sessionId, createdAt, changedAt, account };
}

/** Whether there is anything to apply. */
export function changesAnything({ changes, settings }: FleetPlan): boolean {
  return changes.length > 0 || settings.length > 0;
}

function memberChanges(before: FleetMember, after: FleetMember): FieldChange[] {
  const fields = differences(flat(before.spec), flat(after.spec)).filter(({ field }) => !ofNoMatter.has(field));
  const [asked, askedNow] = [before.environmentAsked.toSorted(), after.environmentAsked.toSorted()];
  return JSON.stringify(asked) === JSON.stringify(askedNow) ? fields : [...fields, { field: 'env', before: asked, after: askedNow }];
}

/** Those that stay, in another order than before. */
function orderChange(present: readonly PresentMember[], members: readonly FleetMember[]): FieldChange[] {
  const stay = new Set(members.map(({ spec }) => spec.name));
  // What the fleet does not know has no place in it yet.
  const before = present.filter(({ isUnknown }) => !isUnknown).map(({ spec }) => spec.name).filter((name) => stay.has(name));
  const kept = new Set(before);
  const after = members.map(({ spec }) => spec.name).filter((name) => kept.has(name));
  return before.join(' ') === after.join(' ') ? [] : [{ field: 'order', before, after }];
}

function differences(before: ReadonlyMap<string, unknown>, after: ReadonlyMap<string, unknown>): FieldChange[] {
  const fields = [...new Set([...before.keys(), ...after.keys()])];
  return fields.map((field) => ({ field, before: before.get(field), after: after.get(field) })).filter((change) => JSON.stringify(change.before) !== JSON.stringify(change.after));
}

/** Leaves by their paths; a list is a leaf. */
function flat(value: object, path = ''): Map<string, unknown> {
  const leaves = new Map<string, unknown>();
  for (const [key, inner] of Object.entries(value)) {
    if (typeof inner === 'object' && inner !== null && !Array.isArray(inner)) for (const [below, leaf] of flat(inner as object, `${path}${key}.`)) leaves.set(below, leaf);
    else leaves.set(`${path}${key}`, inner);
  }
  return leaves;
}
