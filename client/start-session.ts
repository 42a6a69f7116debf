import type { SessionSpec } from '../domain/session.js';
import { ensureShimHome, hostId } from '../host/shim-home.js';
import { withAccount } from './account-of.js';
import { removeEnvironmentFile, writeEnvironmentFile } from './environment.js';
import type { ShimClient } from './shim-client.js';

/**
 * Starts a session on this machine: the values of its environment go to this machine's disk, the rest to Temporal.
 *
 * @throws DuplicateSessionError if an open session bears the name; nothing of it stays behind.
 */
export async function startSessionHere(client: ShimClient, home: string, spec: SessionSpec, environment: NodeJS.ProcessEnv = process.env): Promise<void> {
  ensureShimHome(home);
  writeEnvironmentFile(home, spec.sessionId, spec.environmentNames, environment);
  try {
    await client.startSession(withAccount(home, spec, environment), hostId(home));
  } catch (error) {
    removeEnvironmentFile(home, spec.sessionId);
    throw error;
  }
}
