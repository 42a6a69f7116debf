import { CommandRefusedError } from '../errors.js';
import { findSession } from '../session-directory.js';
import type { CliContext } from './context.js';

/** @throws always: why this machine has no folder of the session, and where to run the command instead. */
export async function explainAbsence(context: CliContext, name: string, command: string): Promise<never> {
  const { value } = await findSession(context.home, name, context.environment);
  throw new CommandRefusedError(`${name} has no checkpoints on this machine; it is ${value.view.state} on host ${value.view.host ?? 'unknown'}, run shim ${command} there`);
}
