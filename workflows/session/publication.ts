import { upsertSearchAttributes } from '@temporalio/workflow';
import type { SessionState } from '../../domain/session.js';
import { searchAttributes, type CarriedSession } from '../messages.js';

/** What of a session can be searched for, and what of it Temporal has been told. Nothing here waits. */
export class Publication {
  private published: string;

  /** @param startIsPublished who started the session has published its first attempt. */
  constructor(
    private readonly session: Pick<CarriedSession, 'state' | 'epoch' | 'restarts' | 'lastEnds'>,
    startIsPublished: boolean,
  ) {
    this.published = startIsPublished ? publishedAs('starting', 1, 0, undefined) : '';
  }

  /** Puts what can be searched for into one event, if it has changed. */
  publish(): void {
    const { state, epoch, restarts, lastEnds } = this.session;
    const lastExit = lastEnds.at(-1)?.exitClass;
    const now = publishedAs(state, epoch, restarts, lastExit);
    if (now === this.published) return;
    this.published = now;
    upsertSearchAttributes([
      { key: searchAttributes.state, value: state },
      { key: searchAttributes.attempt, value: epoch },
      { key: searchAttributes.restarts, value: restarts },
      ...(lastExit === undefined ? [] : [{ key: searchAttributes.lastExit, value: lastExit }]),
    ]);
  }
}

function publishedAs(state: SessionState, epoch: number, restarts: number, lastExit: string | undefined): string {
  return [state, epoch, restarts, lastExit].join();
}
