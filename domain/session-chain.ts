import type { SessionState } from './session.js';

/** The session that another waits for, as far as is known. */
export type Predecessor =
  | { kind: 'unknown' }
  | { kind: 'open'; state: SessionState; reason: string }
  | { kind: 'closed'; state: 'completed' | 'stopped'; reason: string }
  /** There is no such session, or no end of it that anybody could tell. */
  | { kind: 'gone'; reason: string };

/** How many sessions in a row are looked through for a circle. */
export const longestChain = 1_000;

/** Whether a session has waited long enough for another. Only one that has completed lets it begin by itself. */
export function isOver(predecessor: Predecessor): boolean {
  return predecessor.kind === 'closed' && predecessor.state === 'completed';
}

/** Why a session waits for another, and what a person can do where that will not come by itself; one line. */
export function whyItWaits(name: string, after: string, predecessor: Predecessor): string {
  const anyway = `start this one anyway: shim resume ${name}; or end it: shim stop ${name}`;
  switch (predecessor.kind) {
    case 'unknown':
      return `waits until ${after} has completed`;
    case 'open':
      if (predecessor.state === 'failed') return `waits for ${after}, which has failed (${predecessor.reason}): mend it and shim reset ${after}; or ${anyway}`;
      return `waits until ${after} has completed; it was ${predecessor.state} when asked`;
    case 'closed':
      return `waits for ${after}, which was stopped and will not complete (${predecessor.reason}): ${anyway}`;
    case 'gone':
      return `waits for ${after}, which is not there (${predecessor.reason}): ${anyway}`;
  }
}

/** The refusal of sessions that would wait for one another. @param chain names, each waiting for the next, the last for the first. */
export function circleOf(chain: readonly string[]): string {
  return `it would wait for itself: ${[...chain, chain[0] ?? ''].join(' after ')}; start it without --after, or after another session`;
}
