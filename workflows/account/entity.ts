import { setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow';
import { answerSeen, describeAccount, dueAtMs, leftWaiting, openAccount, timePassed, turnAsked, waitCancelled, waitSet, type AccountState, type Turn, type TurnRequest, type WaitingSession } from '../../domain/account.js';
import type { AccountInput, AccountNotice } from '../account-messages.js';
import { searchAttributes, type CommandInput, type CommandResult } from '../messages.js';
import { describeAccountState } from './details.js';

const noNotice: AccountNotice = { untilMs: null, reason: '' };

/** An account's limit and who waits for it: messages come in, the loop in account.ts acts on it. Nothing here waits. */
export class AccountEntity {
  private state: AccountState;
  private told: AccountNotice;

  constructor(input: AccountInput) {
    this.state = input.carried?.state ?? openAccount(input.account, Date.now());
    this.told = input.carried?.told ?? noNotice;
    this.show();
  }

  status(): AccountState {
    return this.state;
  }

  carry(): AccountInput {
    return { account: this.state.account, carried: { state: this.state, told: this.told } };
  }

  /** When time changes something next, Unix ms; null where only a message does. */
  get dueAtMs(): number | null {
    return dueAtMs(this.state);
  }

  /** What the account's sessions have not been told yet; null where they know. */
  get untold(): AccountNotice | null {
    const { phase, untilMs } = this.state;
    const notice: AccountNotice = phase === 'limited' ? { untilMs, reason: describeAccount({ ...this.state, waiting: [] }).replace(/, 0 sessions wait$/, '') } : noNotice;
    return notice.untilMs === this.told.untilMs ? null : notice;
  }

  toldOf(notice: AccountNotice): void {
    this.told = notice;
  }

  turn(request: TurnRequest): Turn {
    const { state, turn } = turnAsked(this.state, request, Date.now());
    this.become(state);
    return turn;
  }

  waitUntil({ untilMs, by }: CommandInput & { untilMs: number }): CommandResult {
    this.become(waitSet(this.state, untilMs, by, Date.now()));
    return this.answer();
  }

  cancelWait({ by }: CommandInput): CommandResult {
    this.become(waitCancelled(this.state, by, Date.now()));
    return this.answer();
  }

  answerSeen(session: string): void {
    this.become(answerSeen(this.state, session, Date.now()));
  }

  left(session: string): void {
    this.become(leftWaiting(this.state, session, Date.now()));
  }

  /** Lets the next one go, if its time has come. */
  letGo(): { next: WaitingSession | null; isProbe: boolean } {
    const { state, letGo } = timePassed(this.state, Date.now());
    this.become(state);
    return { next: letGo, isProbe: state.probe !== null && state.probe === letGo };
  }

  private answer(): CommandResult {
    return { outcome: 'applied', message: describeAccount(this.state) };
  }

  private become(state: AccountState): void {
    if (state === this.state) return;
    const isNewPhase = state.phase !== this.state.phase;
    this.state = state;
    if (isNewPhase) upsertSearchAttributes([{ key: searchAttributes.state, value: state.phase }]);
    this.show();
  }

  private show(): void {
    setCurrentDetails(describeAccountState(this.state));
  }
}
