import { ApplicationFailure, setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow';
import { fleetSettingsSchema, isActive, isOpen, type FleetMember, type MemberState } from '../../domain/fleet.js';
import { judgeFailures } from '../../domain/fleet-failures.js';
import { nextMoves, type Asked, type MemberFacts, type Move } from '../../domain/fleet-moves.js';
import { fleetState } from '../../domain/fleet-state.js';
import type { ApplyFleetInput, CarriedFleet, CarriedMember, FleetAnswer, FleetStatus, MemberNews, SuperviseFleetInput, TakenMember } from '../fleet-messages.js';
import { invalidCommand, searchAttributes, type CommandInput } from '../messages.js';
import { describeFleet } from './details.js';

/** A member of which nothing was heard for so long since it was told to come up or to end is looked at, ms. */
const lookAfterMs = 60_000;

/** The state of a fleet: what people want and what members tell comes in, the loop in supervise-fleet.ts acts on it. Nothing here waits. */
export class Fleet {
  private readonly carried: CarriedFleet;
  /** Sessions that a call is under way about. */
  private readonly busy = new Set<string>();
  private published = '';

  constructor(private readonly input: SuperviseFleetInput) {
    this.carried = input.carried ?? {
      generation: 0,
      settings: fleetSettingsSchema.parse({}),
      goal: 'running',
      escalation: null,
      escalations: 0,
      failures: [],
      members: [],
      leaving: [],
      appliedBy: '',
      appliedAtMs: Date.now(),
      stoppedBy: '',
      lookedAtMs: 0,
    };
  }

  get name(): string {
    return this.input.name;
  }
  get isQuiet(): boolean {
    return this.busy.size === 0;
  }
  /** It was stopped, and no session of it is open. */
  get isOver(): boolean {
    const { goal, members, leaving } = this.carried;
    return goal === 'stopped' && [...members, ...leaving].every(({ state }) => !isOpen(state)) && this.isQuiet;
  }
  /** How often it was given up, and why the last time. */
  get givenUp(): { times: number; reason: string | null } {
    const { escalations, escalation } = this.carried;
    return { times: escalations, reason: escalation };
  }
  get stoppedBy(): string {
    return this.carried.stoppedBy;
  }
  /** Counts what has happened, so that whoever waits sees that something has. */
  get changes(): number {
    return this.changeCount;
  }
  private changeCount = 0;

  /** Whether a member was told something and is not seen to have done it. */
  get isAwaiting(): boolean {
    return this.all().some(({ asked }) => asked !== null);
  }

  /** Time has passed. */
  tick(): void {
    this.changeCount += 1;
  }

  carry(): SuperviseFleetInput {
    return { ...this.input, carried: this.carried };
  }

  status(): FleetStatus {
    const { name, hostId } = this.input;
    const { generation, settings, goal, escalation, failures, members, leaving, stoppedBy, appliedBy, appliedAtMs } = this.carried;
    const seen = members.map((member) => {
      const { spec, environmentAsked, dependsOn, state, reason, epoch, restarts } = member;
      return { spec, environmentAsked, dependsOn, state, reason, epoch, restarts, isAwaited: this.isAwaited(member) };
    });
    const { state, reason } = fleetState({ goal, escalation, stoppedBy, members: seen.map((member) => ({ ...member, name: member.spec.name })), leaving: leaving.length });
    // Who is yet to be told of a reset or a restart is awaited by whoever waits for the fleet; the state goes by what was told, as it did in older histories.
    const shown = seen.map((member, index) => ({ ...member, ...this.neverBegun(member), isAwaited: member.isAwaited || this.isOwed(members[index]) }));
    return { name, hostId, state, reason, generation, settings, failures, members: shown, leaving: leaving.map(({ spec }) => spec.name), appliedBy, appliedAtMs };
  }

  /** Who waited for its turn when the fleet was stopped waits no more. */
  private neverBegun({ state }: { state: MemberState }): { state?: MemberState; reason?: string } {
    return this.carried.goal === 'stopped' && state === 'waiting' ? { state: 'stopped', reason: 'it was never begun' } : {};
  }

  private isOwed(member: CarriedMember | undefined): boolean {
    return this.carried.goal === 'running' && (member?.resetOwed === true || member?.restartOwed === true);
  }

  /** Something of it is yet to be seen, or to be told. */
  private isAwaited({ spec, asked, changeOwed = false, unseen = false }: CarriedMember): boolean {
    return asked !== null || unseen || (changeOwed && this.carried.goal === 'running') || this.busy.has(spec.sessionId);
  }

  /** Shows the fleet wherever people look; what can be searched for only where it has changed. */
  show(): void {
    const status = this.status();
    setCurrentDetails(describeFleet(status));
    if (status.state === this.published) return;
    this.published = status.state;
    upsertSearchAttributes([{ key: searchAttributes.state, value: status.state }]);
  }

  // What is to be done

  moves(nowMs: number): Move[] {
    const { goal, settings, members, leaving } = this.carried;
    const facts = (member: CarriedMember): MemberFacts => ({ ...member, name: member.spec.name, sessionId: member.spec.sessionId, busy: this.busy.has(member.spec.sessionId) });
    return nextMoves({ goal, atOnce: settings.atOnce, members: members.map(facts), leaving: leaving.map(facts), nowMs });
  }

  /** Members that are awaited and of which nothing was heard for too long, and those that were taken over. */
  overdue(nowMs: number): { name: string; sessionId: string }[] {
    const { lookedAtMs } = this.carried;
    return this.all()
      .filter(({ asked, unseen }) => unseen === true || (asked !== null && nowMs - Math.max(asked.atMs, lookedAtMs) >= lookAfterMs))
      .map(({ spec }) => ({ name: spec.name, sessionId: spec.sessionId }));
  }

  /** What they were seen to be doing: who is not still at it is awaited no longer. */
  looked(seen: readonly MemberNews[], nowMs: number): void {
    this.carried.lookedAtMs = nowMs;
    for (const news of seen) {
      this.onNews(news, nowMs);
      const member = this.find(news.sessionId);
      if (member) member.unseen = false;
      if (member && news.state !== 'starting' && news.state !== 'stopping') member.asked = null;
    }
  }

  find(sessionId: string): CarriedMember | undefined {
    return this.all().find(({ spec }) => spec.sessionId === sessionId);
  }

  /** Why the fleet tells a member so, for who reads about that member alone; nothing where a person asked for it, who is named. */
  reasonFor({ kind, sessionId }: Move): { reason?: string } {
    const reason = kind === 'pause' ? this.carried.escalation : kind === 'restart' ? this.find(sessionId)?.restartFor : undefined;
    return reason ? { reason } : {};
  }

  /** A move is under way; what it leads to may be heard of before it is answered. */
  begun({ kind, sessionId }: Move, nowMs: number): void {
    const member = this.find(sessionId);
    if (!member) return;
    this.tick();
    this.busy.add(sessionId);
    member.asked = { to: isEnd(kind) ? 'end' : 'come_up', atMs: nowMs, epoch: member.epoch };
    if (kind === 'restart') member.restartOwed = false;
    if (kind === 'reset') member.resetOwed = false;
    if (kind === 'change') member.changeOwed = false;
  }

  /** The move was answered. @param follows whether there is anything yet to be heard of it. */
  answered({ kind, sessionId }: Move, follows: boolean): void {
    this.tick();
    this.busy.delete(sessionId);
    const member = this.find(sessionId);
    // Of an end there are always news: whoever would ask again before they come would ask without rest.
    if (member && !follows && !isEnd(kind)) member.asked = null;
    this.forgetGone();
  }

  /** The session of a member is begun; unless its news came first. */
  started(sessionId: string): void {
    this.tick();
    this.busy.delete(sessionId);
    const member = this.find(sessionId);
    if (member?.state === 'waiting') Object.assign(member, { state: 'starting', reason: 'first attempt' });
  }

  /** Known without news: it cannot be begun, or is gone. */
  settled(sessionId: string, state: MemberState, reason: string): void {
    this.tick();
    this.busy.delete(sessionId);
    const member = this.find(sessionId);
    if (member && (isOpen(member.state) || member.state === 'waiting')) Object.assign(member, { state, reason, asked: null, restartOwed: false, resetOwed: false, changeOwed: false, unseen: false });
    this.forgetGone();
  }

  // What members tell

  onNews(news: MemberNews, nowMs: number): void {
    const member = this.find(news.sessionId);
    if (!member || news.epoch < member.epoch) return;
    const { state, reason, pauseReason, epoch, restarts } = news;
    this.tick();
    if (member.asked && isDone(member.asked, state, epoch)) member.asked = null;
    Object.assign(member, { state, reason, pauseReason, epoch, restarts });
    if (!isActive(state)) member.restartOwed = false;
    this.judge(member, news, nowMs);
    this.forgetGone();
  }

  private judge(member: CarriedMember, { failures }: MemberNews, nowMs: number): void {
    const { name } = member.spec;
    const fresh = failures.filter(({ epoch }) => epoch > member.judgedEpoch).map(({ exitClass, reason, endedAtMs }) => ({ name, atMs: endedAtMs, reason: `${exitClass}: ${reason}` }));
    member.judgedEpoch = Math.max(member.judgedEpoch, ...failures.map(({ epoch }) => epoch));
    const { settings, members, goal } = this.carried;
    if (fresh.length === 0 || goal !== 'running' || !members.includes(member)) return;
    const verdict = judgeFailures(settings, members.map(({ spec }) => spec.name), this.carried.failures, fresh, nowMs);
    this.carried.failures = verdict.failures;
    const restart = new Set(verdict.restart);
    for (const other of members.filter(({ spec, restartOwed }) => restart.has(spec.name) && !restartOwed)) other.restartFor = `${name} failed (${fresh.at(-1)?.reason ?? ''})`;
    for (const other of members) other.restartOwed = verdict.escalation === null && isActive(other.state) && (other.restartOwed || restart.has(other.spec.name));
    if (verdict.escalation !== null) Object.assign(this.carried, { goal: 'paused', escalation: verdict.escalation, escalations: this.carried.escalations + 1 });
  }

  // What people want

  /** @throws ApplicationFailure InvalidCommand where the set was made from another one than is wanted now, or the fleet is being stopped. */
  checkApply({ basedOn }: ApplyFleetInput): void {
    const { generation, goal, appliedBy } = this.carried;
    if (goal === 'stopped') throw ApplicationFailure.nonRetryable(`fleet ${this.name} is being stopped; apply again when it has stopped`, invalidCommand);
    if (basedOn !== generation) throw ApplicationFailure.nonRetryable(`fleet ${this.name} was changed meanwhile by ${appliedBy}; look at it and apply again`, invalidCommand);
  }

  apply({ settings, members, taken = [], by }: ApplyFleetInput, nowMs: number): FleetAnswer {
    this.tick();
    const known = new Map(this.carried.members.map((member) => [member.spec.sessionId, member]));
    for (const member of taken) known.set(member.spec.sessionId, known.get(member.spec.sessionId) ?? takenMember(member));
    const next = members.map((member) => {
      const { sessionId } = member.spec;
      const stays = known.get(sessionId);
      known.delete(sessionId);
      return stays ? wantedAs(stays, member) : newMember(member);
    });
    const leaving = [...known.values()].filter((member) => isOpen(member.state) || this.busy.has(member.spec.sessionId));
    Object.assign(this.carried, { settings, members: next, leaving: [...this.carried.leaving, ...leaving], generation: this.carried.generation + 1, appliedBy: by, appliedAtMs: nowMs });
    return this.answer();
  }

  stop({ by, reason }: CommandInput): FleetAnswer {
    this.tick();
    if (this.carried.goal !== 'stopped') this.carried.stoppedBy = reason ? `${by}: ${reason}` : by;
    this.carried.goal = 'stopped';
    return this.answer();
  }

  /** Forgets failures; what the fleet has paused and what has failed goes on, in order. */
  reset(): FleetAnswer {
    this.tick();
    if (this.carried.goal === 'stopped') return this.answer();
    Object.assign(this.carried, { goal: 'running', escalation: null, failures: [] });
    for (const member of this.carried.members) {
      const { state, pauseReason, asked } = member;
      const pausedByFleet = (state === 'paused' && pauseReason === 'fleet') || asked?.to === 'end';
      member.resetOwed = state === 'failed' || (pausedByFleet && isOpen(state));
    }
    return this.answer();
  }

  private answer(): FleetAnswer {
    const { generation, state, reason } = this.status();
    return { generation, state, reason };
  }

  private all(): CarriedMember[] {
    return [...this.carried.members, ...this.carried.leaving];
  }

  private forgetGone(): void {
    this.carried.leaving = this.carried.leaving.filter(({ spec, state }) => isOpen(state) || this.busy.has(spec.sessionId));
  }
}

/** Whether a state shows that what was asked for is done, or never will be. */
function isDone({ to, epoch }: Asked, state: MemberState, epochNow: number): boolean {
  if (state === 'starting' || state === 'stopping') return false;
  return to === 'end' ? !isActive(state) : state !== 'running' || epochNow > epoch;
}

function isEnd(kind: Move['kind']): boolean {
  return kind === 'stop' || kind === 'pause';
}

function newMember(member: FleetMember): CarriedMember {
  return { ...member, state: 'waiting', reason: 'waits for its turn', epoch: 0, restarts: 0, asked: null, restartOwed: false, resetOwed: false, pauseReason: null, judgedEpoch: 0 };
}

/** As it is wanted now; a session that has begun otherwise is told so. */
function wantedAs(stays: CarriedMember, { spec, dependsOn, environmentAsked }: FleetMember): CarriedMember {
  const isChanged = spec.changedAt !== stays.spec.changedAt;
  return Object.assign(stays, { dependsOn, environmentAsked, ...(isChanged && { spec, changeOwed: stays.state !== 'waiting' }) });
}

/** One that is looked at soon: it may have gone on since it was found. */
function takenMember({ state, reason, ...member }: TakenMember): CarriedMember {
  return { ...newMember(member), state, reason, unseen: isOpen(state) };
}
