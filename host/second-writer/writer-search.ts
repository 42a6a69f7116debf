import { existsSync, realpathSync } from 'node:fs';
import { z } from 'zod';
import { evidenceOf, isAllowed, type AllowedWriter, type SecondWriter, type WriterEvidence } from '../../domain/second-writer.js';
import type { SessionSpec } from '../../domain/session.js';
import type { Agent } from '../agents/agent.js';
import { programName } from '../agents/command-line.js';
import { findTree } from '../process/find-tree.js';
import { treeOf, type HeldAttempt } from '../process/holder.js';
import { filesWrittenBy, readCommandLine, readEnvironmentOf, readUser, readWorkingFolder, startedAtMs } from '../process/process-details.js';
import { ProcessIndex } from '../process/process-index.js';
import { isDead, type ProcessInfo } from '../process/process-table.js';
import { environmentFile, listSessionFolders } from '../session-folder.js';
import { KnownProcesses, type KnownProcess } from './known-processes.js';

/** A session whose second writer is looked for. */
export interface SearchedSession {
  spec: SessionSpec;
  agent: Agent;
  environment: Readonly<Record<string, string>>;
  conversationId: string | null;
  /** Its present attempt, or the last one: whose processes are its own. */
  held: HeldAttempt | null;
  /** Those that a person has allowed to go on beside it. */
  beside: readonly AllowedWriter[];
}

/** Looks for second writers of any number of sessions in one pass over a process table. */
export class WriterSearch {
  private readonly processes = new KnownProcesses();
  private readonly folders = new WeakMap<ProcessInfo, string | null>();
  private readonly written = new WeakMap<ProcessInfo, ReadonlySet<string>>();
  private readonly trees = new WeakMap<SessionSpec, string | null>();
  /** Whether a session is this SHIM's own: its environment is here before it is begun, so that this never changes. */
  private readonly own = new Map<string, boolean>();

  /** @param home sessions with a folder here are this SHIM's own. */
  constructor(private readonly home: string) {}

  /** The second writer of each session that has one. */
  search(sessions: readonly SearchedSession[], table: ReadonlyMap<number, ProcessInfo>): Map<SearchedSession, SecondWriter> {
    const found = new Map<SearchedSession, SecondWriter>();
    const byConversation = groupBy(sessions, ({ conversationId }) => conversationId);
    const byTree = groupBy(sessions, (session) => this.treeOf(session));
    for (const candidate of this.processes.ofInterest(table)) {
      if (candidate.info.pid === process.pid || isDead(candidate.info)) continue;
      const claim = candidate.agent?.claim;
      // What this SHIM has begun is the usual case, a thousand times over: of it nothing is read but the conversation that it names.
      const isOfOurs = candidate.shimSession !== null && this.knows(candidate.shimSession);
      const named = claim?.kind === 'conversation' ? (byConversation.get(claim.id) ?? []) : [];
      const suspected = isOfOurs ? named : new Set([...named, ...(byTree.get(this.folderOf(candidate)) ?? []), ...this.whoseTranscriptIsWritten(candidate, sessions)]);
      for (const session of suspected) {
        if (found.has(session) || candidate.shimTree === session.held?.treeId) continue;
        const evidence = this.evidence(session, candidate, table);
        const writer = evidence && describe(candidate.info, evidence, table);
        if (writer && !isAllowed(session.beside, writer)) found.set(session, writer);
      }
    }
    return found;
  }

  /** An agent's program in the session's folder that is not the session's own: who may have written where nobody was seen to. */
  likelyWriter(session: SearchedSession, table: ReadonlyMap<number, ProcessInfo>): SecondWriter {
    const tree = this.treeOf(session);
    const likely = this.processes
      .ofInterest(table)
      .find(({ info, agent }) => agent?.kind === session.spec.agent && !isDead(info) && readWorkingFolder(info.pid) === tree && !isAllowed(session.beside, info) && !isOwn(session, info, table));
    return likely ? describe(likely.info, 'growth', table) : { evidence: 'growth', pid: null, program: '', user: '', sinceMs: null };
  }

  private evidence(session: SearchedSession, { info, agent, shimSession }: KnownProcess, table: ReadonlyMap<number, ProcessInfo>): WriterEvidence | null {
    const folder = readWorkingFolder(info.pid);
    const transcript = transcriptOf(session);
    const isOfSameAgent = agent?.kind === session.spec.agent;
    const evidence = evidenceOf(
      {
        isOwn: false,
        claim: isOfSameAgent ? agent.claim : null,
        sharesConversations: isOfSameAgent && folder !== null && findsTheSame(session, info.pid, folder, transcript),
        isInTree: folder !== null && folder === this.treeOf(session),
        writesTranscript: isOfSameAgent && transcript !== null && filesWrittenBy(info.pid).includes(realPath(transcript) ?? transcript),
        isOfOtherShim: shimSession !== null && !this.knows(shimSession),
      },
      session.conversationId,
    );
    // Last, for it reads the environment of every process: an agent's own may have left its session and lost its mark.
    return evidence && !isOwn(session, info, table) ? evidence : null;
  }

  private *whoseTranscriptIsWritten(candidate: KnownProcess, sessions: readonly SearchedSession[]): Iterable<SearchedSession> {
    const { agent } = candidate;
    if (!agent) return;
    const files = this.transcriptsOf(candidate);
    if (files.size === 0) return;
    for (const session of sessions) {
      const transcript = session.spec.agent === agent.kind ? transcriptOf(session) : null;
      if (transcript !== null && files.has(realPath(transcript) ?? transcript)) yield session;
    }
  }

  /** Where a process works: read once for each table, as the process is one of that table. */
  private folderOf(candidate: KnownProcess): string | null {
    const known = this.folders.get(candidate.info);
    if (known !== undefined) return known;
    const folder = readWorkingFolder(candidate.info.pid);
    this.folders.set(candidate.info, folder);
    return folder;
  }

  /** What of it may be a transcript, of the files that it writes; once for each table, too. */
  private transcriptsOf({ info }: KnownProcess): ReadonlySet<string> {
    const known = this.written.get(info);
    if (known) return known;
    const files = new Set(filesWrittenBy(info.pid).filter((file) => file.endsWith('.jsonl')));
    this.written.set(info, files);
    return files;
  }

  /** Of this SHIM, or of the one that has begun this process. */
  private knows(sessionId: string): boolean {
    const known = this.own.get(sessionId);
    if (known !== undefined) return known;
    const isOwn = sessionId === process.env['SHIM_SESSION'] || this.hasFolder(sessionId);
    this.own.set(sessionId, isOwn);
    return isOwn;
  }

  private hasFolder(sessionId: string): boolean {
    // Where it is no id of a session, somebody else uses that name, who is no SHIM.
    if (!z.uuid().safeParse(sessionId).success) return true;
    return existsSync(environmentFile(this.home, sessionId)) || listSessionFolders(this.home).some((folder) => folder.spec()?.sessionId === sessionId);
  }

  private treeOf({ spec }: SearchedSession): string | null {
    const known = this.trees.get(spec);
    if (known !== undefined) return known;
    const tree = realPath(spec.cwd);
    if (tree !== null) this.trees.set(spec, tree);
    return tree;
  }
}

function isOwn({ held }: SearchedSession, { pid }: ProcessInfo, table: ReadonlyMap<number, ProcessInfo>): boolean {
  return held !== null && findTree(treeOf(held), table).some((info) => info.pid === pid);
}

/** Whether a process that is asked for the session's conversation by its id would come to the very same file. */
function findsTheSame({ agent, spec, conversationId }: SearchedSession, pid: number, cwd: string, transcript: string | null): boolean {
  const environment = readEnvironmentOf(pid);
  if (environment === null || conversationId === null) return false;
  return agent.transcriptPath({ spec: { ...spec, cwd }, environment }, conversationId) === transcript;
}

function transcriptOf({ agent, spec, environment, conversationId }: SearchedSession): string | null {
  return conversationId === null ? null : agent.transcriptPath({ spec, environment }, conversationId);
}

/** What is to be shown of another SHIM is the agent, not the shell that holds it. */
function describe(info: ProcessInfo, evidence: WriterEvidence, table: ReadonlyMap<number, ProcessInfo>): SecondWriter {
  const shown = evidence === 'other_shim' ? (ProcessIndex.of(table).childrenOf(info.pid)[0] ?? info) : info;
  return { evidence, pid: shown.pid, program: programName(readCommandLine(shown.pid)), user: readUser(shown.pid), sinceMs: startedAtMs(shown), startTicks: shown.startTicks };
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string | null): Map<string | null, T[]> {
  const groups = new Map<string | null, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    if (key === null) continue;
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}

function realPath(path: string): string | null {
  try {
    return realpathSync(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error) return null;
    throw error;
  }
}
