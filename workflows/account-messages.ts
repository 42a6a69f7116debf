import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { AccountState, Turn, TurnRequest } from '../domain/account.js';
import type { CommandInput, CommandResult } from './messages.js';

export function accountWorkflowId(account: string): string {
  return `account/${account}`;
}

export interface AccountInput {
  account: string;
  /** What a continued run carries over. */
  carried?: CarriedAccount;
}

export interface CarriedAccount {
  state: AccountState;
  /** What the account's sessions were told last. */
  told: AccountNotice;
}

/** What every session of an account is told: until when it is limited, Unix ms; null where it is not, or the time is over. */
export interface AccountNotice {
  untilMs: number | null;
  /** One line. */
  reason: string;
}

export const accountStatusQuery = defineQuery<AccountState>('accountStatus');

/** From a session: its attempt met a limit, or it wants to start; may it? The same question again is answered the same. */
export const turnUpdate = defineUpdate<Turn, [TurnRequest]>('turn');

/** By a person: wait until then, Unix ms, instead. */
export const waitUntilUpdate = defineUpdate<CommandResult, [CommandInput & { untilMs: number }]>('waitUntil');
/** By a person: the wait is over; one session goes first, the others after it. */
export const cancelWaitUpdate = defineUpdate<CommandResult, [CommandInput]>('cancelWait');

/** From a session: it waits no more. */
export const leftSignal = defineSignal<[{ session: string }]>('left');

/** From a host: an attempt that was let go to see whether the limit is over had its first answer. */
export const answerSeenSignal = defineSignal<[{ session: string }]>('answerSeen');

/** To a session: it may start. */
export const letGoSignal = defineSignal<[LetGo]>('letGo');
export interface LetGo {
  ticket: string;
  /** It goes first: its host is to tell the account of the first answer. */
  probe: boolean;
}

/** To every session of the account, as its wait begins, is moved or ends. */
export const accountChangedSignal = defineSignal<[AccountNotice]>('accountChanged');
