import type { AgentKind } from '../../domain/session.js';
import type { ConversationClaim } from '../../domain/second-writer.js';
import { claudeCode } from '../agents/claude-code.js';
import { codex } from '../agents/codex.js';
import { readCommandLine, readEnvironmentOf } from '../process/process-details.js';
import { treeMarker } from '../process/parked-holder.js';
import type { ProcessInfo } from '../process/process-table.js';

/** What a process is to a search for second writers. */
export interface KnownProcess {
  info: ProcessInfo;
  /** Where it is the program of an agent. */
  agent: { kind: AgentKind; claim: ConversationClaim } | null;
  /** Id of the session that a SHIM has begun it for; null where it bears no mark of one. */
  shimSession: string | null;
  /** Names the tree of that attempt. */
  shimTree: string | null;
}

const agents = [claudeCode, codex];

/**
 * What the processes of this machine are, looked at once for each: a process that is the same and has the same memory still
 * runs the same program, so that a pass over all costs little more than the table.
 */
export class KnownProcesses {
  private known = new Map<number, KnownProcess | null>();
  private seen = new Map<number, string>();
  private last: { table: ReadonlyMap<number, ProcessInfo>; found: KnownProcess[] } | null = null;

  /** Those of a table that a search has to do with: agents, and leaders of a session that a SHIM has begun. */
  ofInterest(table: ReadonlyMap<number, ProcessInfo>): readonly KnownProcess[] {
    if (this.last?.table === table) return this.last.found;
    const known = new Map<number, KnownProcess | null>();
    const seen = new Map<number, string>();
    for (const info of table.values()) {
      const state = `${info.startTicks}:${info.virtualBytes}`;
      const process = this.seen.get(info.pid) === state ? (this.known.get(info.pid) ?? null) : lookAt(info);
      known.set(info.pid, process);
      seen.set(info.pid, state);
    }
    this.known = known;
    this.seen = seen;
    // As this table has them: only what they are is known from before.
    const found = [...known.values()].flatMap((process) => (process ? [{ ...process, info: table.get(process.info.pid) ?? process.info }] : []));
    this.last = { table, found };
    return found;
  }
}

function lookAt(info: ProcessInfo): KnownProcess | null {
  const argv = info.virtualBytes === 0 ? [] : readCommandLine(info.pid);
  const agent = agents.map((each) => ({ kind: each.kind, claim: each.claimIn(argv) })).find(({ claim }) => claim !== null);
  const isLeader = info.pid === info.session && argv.length > 0;
  if (!agent && !isLeader) return null;
  const { SHIM_SESSION: shimSession = null, [treeMarker]: shimTree = null } = readEnvironmentOf(info.pid) ?? {};
  if (!agent && shimSession === null) return null;
  return { info, agent: agent ? { kind: agent.kind, claim: agent.claim as ConversationClaim } : null, shimSession, shimTree };
}
