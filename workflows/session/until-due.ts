import { condition } from '@temporalio/workflow';
import type { Session } from './session.js';

/**
 * Waits until a loop that runs beside the session's story has something to do, and no start is under way.
 *
 * Never over at once: a loop that has just had its answer asks again only when all that came with that answer has been taken in. A worker
 * that has lost its cache may be given the answer together with what came in the next task, where the one before had it in a task of its
 * own (https://github.com/temporalio/sdk-rust/issues/1146): what a loop does must come after the same of the story and of the other loops in both.
 */
export function untilDue(session: Session, isDue: () => boolean): Promise<void> {
  let isTakenIn = !session.ordersLoops;
  return condition(() => {
    if (isTakenIn) return isDue() && !session.isBetweenAttempts;
    isTakenIn = true;
    return false;
  });
}
