import { condition, getExternalWorkflowHandle, log } from '@temporalio/workflow';
import { countsAsFailure } from '../../domain/exit-class.js';
import { fleetWorkflowId, memberNewsSignal, type MemberNews } from '../fleet-messages.js';
import type { ToldNews } from '../messages.js';
import type { Session } from './session.js';
import { untilDue } from './until-due.js';

/** What a session that closes waits for its fleet. */
const closingPatience = '10 s';

/** Tells a member's fleet what the session is doing, as often as that changes: a fleet never asks. */
export class FleetNews {
  private readonly told: ToldNews;

  constructor(
    private readonly session: Session,
    private readonly fleet: string,
  ) {
    this.told = session.toldNews;
  }

  /** Runs beside all else. News wait until a start is answered: the way from a crash to the next attempt is kept clear. */
  async keepTold(): Promise<void> {
    for (;;) {
      await untilDue(this.session, () => this.isOwed);
      await this.tell();
    }
  }

  /** Waits a little until the fleet has been told of the close. */
  async settle(): Promise<void> {
    await condition(() => !this.isOwed && !this.isTelling, closingPatience, { summary: `until ${fleetWorkflowId(this.fleet)} is told` });
  }

  private isTelling = false;

  /** That an attempt is starting is no news by itself: its fleet hears when it runs, or of the failure before it. */
  private get isOwed(): boolean {
    const { state } = this.session;
    if (state === 'starting' || state === 'stopping') return this.failures().length > 0;
    return this.failures().length > 0 || this.key() !== this.told.key;
  }

  private async tell(): Promise<void> {
    const { name, sessionId, state, reason, pauseReason, epoch, restarts } = this.session.status();
    const news: MemberNews = { name, sessionId, state, reason, pauseReason, epoch, restarts, failures: this.failures() };
    this.told.key = this.key();
    this.told.epoch = Math.max(this.told.epoch, ...news.failures.map(({ epoch }) => epoch));
    this.isTelling = true;
    try {
      await getExternalWorkflowHandle(fleetWorkflowId(this.fleet)).signal(memberNewsSignal, news);
    } catch (error) {
      // A fleet that is gone needs no news; the session goes on by its own policy.
      log.warn('the fleet was not told', { fleet: this.fleet, error: error instanceof Error ? error.message : String(error) });
    } finally {
      this.isTelling = false;
    }
  }

  /** What took the host worker along took all members at once: fifty of those are no fifty failures. */
  private failures(): MemberNews['failures'] {
    return this.session
      .status()
      .ends.filter(({ epoch, exitClass, unwatched }) => epoch > this.told.epoch && countsAsFailure(exitClass) && unwatched !== true)
      .map(({ epoch, exitClass, reason, endedAtMs }) => ({ epoch, exitClass, reason, endedAtMs }));
  }

  private key(): string {
    const { state, epoch, reason } = this.session;
    return [epoch, state, reason].join(' ');
  }
}
