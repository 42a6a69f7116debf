import { patched } from '@temporalio/workflow';
import type { ExitClass } from '../../domain/exit-class.js';
import { compactingAgents, type AgentKind } from '../../domain/session.js';

/** Whether a full conversation is to be shortened by its own agent first. Runs that an older version began decide as it did. */
export function canCompact(agent: AgentKind, exitClass: ExitClass): boolean {
  return exitClass === 'context_full' && compactingAgents.has(agent) && patched('compact');
}
