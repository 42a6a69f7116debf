import type { RecordOutcomesInput } from './messages.js';
import { recordSession } from './session/control-calls.js';

/** Records what a session owes that does not wait for it any longer: the store was away. */
export async function recordOutcomes({ records }: RecordOutcomesInput): Promise<void> {
  await recordSession(records);
}
