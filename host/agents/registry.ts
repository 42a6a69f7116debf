import type { AgentKind } from '../../domain/session.js';
import type { Agent } from './agent.js';
import { claudeCode } from './claude-code.js';
import { codex } from './codex.js';
import { command } from './command.js';

const agents: Readonly<Record<AgentKind, Agent>> = { 'claude-code': claudeCode, codex, command };

/** The adapter of an agent. */
export function agentFor(kind: AgentKind): Agent {
  return agents[kind];
}
