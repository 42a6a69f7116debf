import { ApplicationFailure } from '@temporalio/workflow';
import { closedStates, type SessionState } from '../../domain/session.js';
import { invalidCommand, type ChangeInput, type CommandInput, type CommandResult, type QueuedAnswer, type RemovePromptInput, type SendInput, type Successor } from '../messages.js';
import { canGoOnAs } from '../../domain/spec-change.js';
import type { Predecessor } from '../../domain/session-chain.js';
import type { Session } from './session.js';

/** The commands of a session. Each sets what is desired and answers at once with what is so; the loop does the rest. */
export class SessionCommands {
  constructor(private readonly session: Session) {}

  /** @throws ApplicationFailure InvalidCommand where the command makes no sense in the present state. */
  check(command: 'pause' | 'resume' | 'restart' | 'reset' | 'checkpointNow' | 'send' | 'change'): void {
    const { desired, state, reason, attempt, spec } = this.session;
    if (desired === 'stopped') throw invalid(`${spec.name} is being stopped and will not return; start a new session instead`);
    if (closedStates.includes(state)) throw invalid(`${spec.name} is ${state}; start a new session instead`);
    if (command === 'checkpointNow' && attempt === null) throw invalid(`${spec.name} is ${state}, so there is nothing to checkpoint; its last checkpoint stays as it is`);
    if (command === 'reset' && state === 'waiting_for_session') throw invalid(`${spec.name} has not begun (${reason}); use resume to start it anyway`);
    if (command === 'resume' && state === 'failed') throw invalid(`${spec.name} has failed (${reason}); use reset`);
    if (command === 'restart' && state === 'failed') throw invalid(`${spec.name} has failed (${reason}); use reset`);
    if (command === 'restart' && desired === 'paused') throw invalid(`${spec.name} is paused; use resume`);
    if (command === 'pause' && state === 'failed') throw invalid(`${spec.name} has failed, so it is not running; use reset or stop`);
  }

  pause(command: CommandInput): CommandResult {
    if (this.session.desired !== 'paused') this.session.wantPausedFor(command.pauseReason ?? 'person', asked(command));
    return this.answer('paused', 'a last checkpoint is made, then the agent is stopped');
  }

  /** @throws ApplicationFailure InvalidCommand where it makes no sense, or would spend what nobody has allowed. */
  checkResume({ add, beside }: CommandInput): void {
    this.check('resume');
    const { pauseReason } = this.session.status();
    if (beside) this.session.writers.checkBeside(this.session.spec.name, pauseReason === 'second_writer');
    this.session.budget.checkResume(add, pauseReason === 'budget');
    if (add !== undefined && pauseReason === null) throw invalid(`${this.session.spec.name} is ${this.session.state}: only a paused session is given more; pause it first, or resume it without --add-…`);
  }

  resume(command: CommandInput): CommandResult {
    const { add, beside } = command;
    if (add !== undefined) this.session.budget.add(add);
    const { desired, state, spec, chain } = this.session;
    if (state === 'waiting_for_session') {
      chain.release();
      return { outcome: 'accepted', message: `${spec.name} waited for ${chain.after}: it begins now` };
    }
    if (desired === 'running') return { outcome: 'applied', message: `${spec.name} is ${state}` };
    this.session.wantRunning();
    const where = beside ? `, beside ${this.session.writers.allow(asked(command))}: what both write to the same files or conversation may be lost` : '';
    return this.answer('running', `a new attempt begins where the last one ended${where}`);
  }

  restart(command: CommandInput): CommandResult {
    const { attempt, state, spec } = this.session;
    if (attempt === null) return { outcome: 'applied', message: `${spec.name} is ${state}: another attempt begins by itself` };
    this.session.restart.want(asked(command));
    return { outcome: 'accepted', message: `${spec.name} is ${state}: a last checkpoint is made, then another attempt goes on from it` };
  }

  /** @throws ApplicationFailure InvalidCommand where the session is closed, or would go on with other work. */
  checkChange({ spec }: ChangeInput): void {
    this.check('change');
    if (!canGoOnAs(this.session.spec, spec)) throw invalid(`${this.session.spec.name} cannot go on with other work: another agent, command, folder or name takes a new session`);
  }

  change(command: ChangeInput): CommandResult {
    const { attempt, unsettled, state, spec, desired, change } = this.session;
    if (command.spec.changedAt === (change.wanted ?? spec).changedAt) return { outcome: 'applied', message: `${spec.name} is ${state}, and as it should be` };
    change.want(command.spec);
    const lives = attempt !== null || unsettled !== null;
    if (desired === 'paused') return { outcome: 'applied', message: `${spec.name} is paused: it is so changed when it goes on` };
    if (lives) this.session.restart.want(asked(command));
    else if (state === 'failed' || state === 'backing_off') this.session.wantFreshStart();
    else return { outcome: 'applied', message: `${spec.name} is ${state}: its next attempt is begun so` };
    return { outcome: 'accepted', message: `${spec.name} was ${state}: another attempt goes on, changed` };
  }

  stop(command: CommandInput): CommandResult {
    if (this.session.desired !== 'stopped') this.session.wantStopped(asked(command));
    return this.answer('stopped', 'the agent is given its grace, then its process tree is killed');
  }

  reset(): CommandResult {
    const { state, spec } = this.session;
    this.session.wantFreshStart();
    const lives = state === 'running' || state === 'starting';
    if (lives) return { outcome: 'applied', message: `${spec.name} is ${state}; its failure count is cleared` };
    return { outcome: 'accepted', message: `${spec.name} was ${state}; a new attempt begins` };
  }

  checkpointNow(): CommandResult {
    this.session.wantCheckpoint();
    return { outcome: 'accepted', message: 'the host is asked for a checkpoint' };
  }

  /** Another session waits for this one. */
  register(successor: Successor): Predecessor {
    const { state, reason, chain } = this.session;
    if (state === 'completed' || state === 'stopped') return { kind: 'closed', state, reason };
    chain.register(successor);
    return { kind: 'open', state, reason };
  }

  /** @throws ApplicationFailure InvalidCommand where it cannot be kept, or the session will take none any more. */
  checkSend(input: SendInput): void {
    this.check('send');
    this.session.prompts.check(input);
  }

  send(input: SendInput): QueuedAnswer {
    const { state } = this.session;
    const answer = this.session.prompts.add(input, state === 'paused' || state === 'failed' ? `the session is ${state}, and gets it when it goes on` : 'the agent gets it at its next turn or resume');
    this.session.show();
    return answer;
  }

  /** @throws ApplicationFailure InvalidCommand where it does not wait. */
  removePrompt(input: RemovePromptInput): CommandResult {
    const answer = this.session.prompts.remove(input, !this.session.isSettled);
    this.session.show();
    return answer;
  }

  private answer(target: SessionState, whatHappens: string): CommandResult {
    const { state, reason, spec } = this.session;
    if (state === target) return { outcome: 'applied', message: `${spec.name} is ${state}` };
    if (state === 'waiting_for_host') return { outcome: 'accepted', message: `${reason}; it takes effect when the host is back` };
    return { outcome: 'accepted', message: `${spec.name} is ${state}: ${whatHappens}` };
  }
}

function asked({ by, reason }: CommandInput): string {
  return reason ? `${by}: ${reason}` : by;
}

function invalid(message: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(message, invalidCommand);
}
