import { HostError } from '../../domain/host-requests.js';
import type { AllowedWriter, SecondWriter } from '../../domain/second-writer.js';
import type { AttemptFolder } from '../attempt-folder.js';
import type { ProcessTable } from '../process/shared-table.js';
import type { PreviousAttempt } from '../resume-plan.js';
import type { SessionRuntime } from '../session-runtime.js';
import type { WriterSearch } from './writer-search.js';

/**
 * Looks for another process on the conversation or the tree of a session that has no living attempt.
 *
 * @param attempt that is to begin, or was the last. @param previous the one before it, or itself; null for a first start. @param table of now.
 * @param beside those that a person has allowed. @returns null where there is none but those.
 */
export function findSecondWriter(search: WriterSearch, runtime: SessionRuntime, attempt: AttemptFolder, previous: PreviousAttempt | null, table: ProcessTable, beside: readonly AllowedWriter[]): SecondWriter | null {
  const { spec, agent, environment } = runtime;
  const record = previous?.folder.record() ?? null;
  const conversationId = previous ? (previous.live?.signals.conversationId ?? record?.conversationId ?? null) : givenConversation(runtime, attempt);
  const session = { spec, agent, environment, conversationId, held: previous && record ? runtime.held(previous.folder, record) : null, beside };
  return search.search([session], table).get(session) ?? null;
}

/** A first start may go on with a conversation that was there before. */
function givenConversation(runtime: SessionRuntime, attempt: AttemptFolder): string | null {
  try {
    return runtime.agent.launchFirst(runtime.launchContext(attempt)).conversationId;
  } catch (error) {
    // The start itself says what is wrong.
    if (error instanceof HostError) return null;
    throw error;
  }
}
