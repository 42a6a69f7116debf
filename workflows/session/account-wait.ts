import type { Turn, TurnRequest } from '../../domain/account.js';
import type { AttemptReport } from '../../domain/attempt.js';
import type { Decision, DecisionInput } from '../../domain/restart-policy.js';
import type { SessionSpec } from '../../domain/session.js';
import type { AccountNotice, LetGo } from '../account-messages.js';
import type { CarriedAccountWait, CarriedSession, SessionWait } from '../messages.js';

/** A session's side of its account: what it knows of the limit, and its turn. Nothing here waits. */
export class AccountWait {
  private readonly carried: CarriedAccountWait;

  constructor(
    private readonly spec: SessionSpec,
    private readonly session: Pick<CarriedSession, 'account' | 'wait'>,
  ) {
    this.carried = session.account ??= { limitedUntilMs: null, asked: false, letGo: null, isProbe: false };
  }

  /** Null where the session waits for itself. */
  get name(): string | null {
    return this.spec.account ?? null;
  }
  /** What a decision goes by. */
  get known(): Pick<DecisionInput, 'account'> {
    const { account } = this.spec;
    return account === undefined ? {} : { account: { name: account, limitedUntilMs: this.carried.limitedUntilMs } };
  }
  /** What the host is to know of the next attempt. */
  get probeOf(): { probeOf?: string } {
    const { account } = this.spec;
    return account !== undefined && this.carried.isProbe ? { probeOf: account } : {};
  }
  get asked(): boolean {
    return this.carried.asked;
  }
  /** The wait that the account ends; null where there is none. */
  get turn(): TurnRequest | null {
    return this.session.wait?.turn ?? null;
  }

  isLetGo({ ticket }: TurnRequest): boolean {
    return this.carried.letGo === ticket;
  }

  /** What is asked before the first attempt, when nothing is known. */
  firstTurn(): TurnRequest {
    return { session: this.spec.name, ticket: this.spec.sessionId, cause: null, reason: 'first start', resetsAtMs: null };
  }

  /** The account's answer before the first attempt; null where it did not come in time. */
  firstAnswered(answer: Turn | null): void {
    this.carried.asked = true;
    if (answer?.kind !== 'wait') return;
    this.session.wait = { state: 'waiting_for_limit', untilMs: answer.untilMs, reason: answer.reason, turn: this.firstTurn() };
  }

  /** An attempt that had an answer has told what there was to tell. */
  ended({ messages }: AttemptReport): void {
    if (messages > 0) this.carried.isProbe = false;
  }

  /** What a wait asks the account, after a decision to wait for it. */
  turnAfter({ attemptId, exitClass, reason, limitResetsAtMs }: AttemptReport, decision: Decision): Pick<SessionWait, 'turn'> {
    if (decision.kind !== 'wait_for_limit' || decision.account === undefined) return {};
    this.carried.isProbe = false;
    const cause = exitClass === 'limit_reached' || exitClass === 'overloaded' ? exitClass : null;
    return { turn: { session: this.spec.name, ticket: attemptId, cause, reason, resetsAtMs: limitResetsAtMs } };
  }

  /** The account makes it wait. What it was told of the limit it need not be told again. */
  waits({ untilMs, reason }: Extract<Turn, { kind: 'wait' }>): void {
    const { wait } = this.session;
    if (!wait?.turn) return;
    this.session.wait = { ...wait, untilMs, reason, turn: { ...wait.turn, cause: null } };
  }

  letGo({ ticket, probe }: LetGo): void {
    this.carried.letGo = ticket;
    this.carried.isProbe = probe;
  }

  /** How the account stands now. @returns whether that moved the session's own wait. */
  changed({ untilMs, reason }: AccountNotice): boolean {
    this.carried.limitedUntilMs = untilMs;
    const { wait } = this.session;
    if (!wait?.turn || untilMs === null) return false;
    this.session.wait = { ...wait, untilMs, reason };
    return true;
  }
}
