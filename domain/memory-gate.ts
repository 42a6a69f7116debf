import type { AgentKind } from './session.js';

/** What a session of each kind takes at first, bytes, where nothing was measured; of claude-code 190 MB was. */
export const usualMemoryBytes: Readonly<Record<AgentKind, number>> = { 'claude-code': 190_000_000, codex: 100_000_000, command: 20_000_000 };

/** Kept free beside what sessions take, bytes: for the services, and for whoever uses the machine. */
const reserveBytes = 256_000_000;

export interface MemoryFacts {
  /** What the machine can still give, bytes; null where it does not tell. */
  availableBytes: number | null;
  /** What the session took before, or what its kind usually takes, bytes. */
  expectedBytes: number;
  /** What was promised to sessions that come back and may not have taken it yet, bytes. */
  promisedBytes: number;
  /** Sessions of the host that live or come back: memory may become free when one of them ends. */
  others: number;
}

/**
 * Whether a session that comes back may start now. One that is alone starts whatever it needs: waiting would free nothing.
 *
 * @returns null where it may; why it waits, in one line, where not.
 */
export function whyNotYet({ availableBytes, expectedBytes, promisedBytes, others }: MemoryFacts): string | null {
  if (availableBytes === null || others === 0) return null;
  const free = availableBytes - promisedBytes;
  if (free >= expectedBytes + reserveBytes) return null;
  return `it waits for memory: it takes about ${megabytes(expectedBytes)}, ${megabytes(Math.max(0, free))} are free and ${megabytes(reserveBytes)} are kept so`;
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1_000_000)} MB`;
}
