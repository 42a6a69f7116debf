import { circleOf, longestChain } from '../domain/session-chain.js';
import type { SessionSpec } from '../domain/session.js';
import type { SessionStatus } from '../workflows/messages.js';
import { BadInputError, NoSuchSessionError } from './errors.js';
import { readSessionRecords } from './session-records.js';
import type { ShimClient } from './shim-client.js';

/**
 * Checks the session that a new one is to wait for.
 *
 * @returns the definition to start: without `after` where only this machine's folder remembers that the other one completed.
 * @throws BadInputError if there is no such session, or it waits for the new one.
 */
export async function checkAfter(client: ShimClient, home: string, spec: SessionSpec): Promise<SessionSpec> {
  const { after, ...rest } = spec;
  if (after === undefined) return spec;
  const chain = [spec.name];
  for (let next: string | null = after; next !== null && chain.length < longestChain; ) {
    if (next === spec.name) throw new BadInputError(`--after ${after}: ${circleOf(chain)}`);
    chain.push(next);
    const status = await statusOrNull(client, next);
    if (!status && next === after) {
      if (readSessionRecords(home, after)?.state?.state === 'completed') return rest;
      throw new BadInputError(`--after ${after}: there is no such session; shim status shows all`);
    }
    next = status?.state === 'waiting_for_session' ? status.after : null;
  }
  return spec;
}

async function statusOrNull(client: ShimClient, name: string): Promise<SessionStatus | null> {
  try {
    return await client.status(name);
  } catch (error) {
    if (error instanceof NoSuchSessionError) return null;
    throw error;
  }
}
