import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, watch, writeFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ResumeStrategy } from '../../domain/parameters.js';
import { sessionSpecSchema, type AgentKind, type SessionSpec } from '../../domain/session.js';
import type { Agent, EndFacts, EndVerdict, Launch, LaunchContext, TranscriptFinding } from '../../host/agents/agent.js';
import { agentFor } from '../../host/agents/registry.js';
import { resumeBrief } from '../../host/agents/resume-brief.js';
import { countFrom } from '../../host/checkpoints/transcript-segments.js';
import { treeOf } from '../../host/process/holder.js';
import { treeMarker } from '../../host/process/parked-holder.js';
import { killTree } from '../../host/process/process-tree.js';
import { agentEnvironment, type AgentPrograms } from './agent-environment.js';
import { runAgent, type RunningAgent } from './run-agent.js';
import type { StandIn } from './stand-in-api.js';

/** How an attempt of a test ended. */
export type Ended = EndFacts & { verdict: EndVerdict };

/** One session of a real agent, driven by a test directly: without a holder, a worker or Temporal. */
export class AgentSession {
  readonly agent: Agent;
  readonly environment: Record<string, string>;
  /** The working tree. */
  readonly cwd: string;
  readonly spec: SessionSpec;
  private readonly folder = mkdtempSync(join(tmpdir(), 'shim-agent-'));
  private readonly running: RunningAgent[] = [];
  private epoch = 0;

  /** @param argv the agent's own arguments. @param tree name of the working tree's folder. */
  constructor(
    kind: AgentKind,
    readonly standIn: StandIn,
    programs: AgentPrograms,
    argv: string[],
    tree = 'tree',
  ) {
    const home = join(this.folder, 'home');
    this.cwd = join(this.folder, tree);
    mkdirSync(home);
    mkdirSync(this.cwd);
    this.agent = agentFor(kind);
    const settings = { policy: {}, limits: {}, parameters: {}, createdAt: new Date().toISOString() };
    this.spec = sessionSpecSchema.parse({ sessionId: randomUUID(), name: 'test', agent: kind, argv, cwd: this.cwd, ...settings });
    this.environment = { ...agentEnvironment(home, standIn.url, programs), [treeMarker]: this.spec.sessionId };
  }

  first(): RunningAgent {
    return this.start(this.agent.launchFirst(this.context()));
  }

  /** How the session goes on after an attempt, as the host plans it. */
  async planResume(ended: Ended, strategy: ResumeStrategy, contextIsFull = false): Promise<Launch> {
    const transcript = await this.transcript(ended);
    const { exitClass, reason } = ended.verdict;
    const brief = resumeBrief({
      epoch: this.epoch + 1,
      previousEpoch: this.epoch,
      exitClass,
      reason,
      endedAt: new Date().toISOString(),
      inFlight: ended.signals.pending,
      lost: [],
      withoutHistory: strategy === 'brief',
      messages: ended.signals.messages,
      toolCalls: ended.signals.toolCalls,
      checkpoint: null,
    });
    const { conversationId } = ended.signals;
    return this.agent.launchResume({ ...this.context(), strategy, conversationId, transcript, contextIsFull, brief, briefPath: join(this.folder, 'brief.md') });
  }

  start(launch: Launch): RunningAgent {
    this.epoch += 1;
    const running = runAgent(this.agent, launch, this.cwd, this.environment);
    this.running.push(running);
    return running;
  }

  /** Resolves once the agent has written all these words on a line of its transcript: it does so late. */
  async recorded(running: RunningAgent, ...words: string[]): Promise<void> {
    const path = this.agent.transcriptPath(this.context(), running.signals().conversationId ?? '');
    if (path === null) throw new Error('the agent has no transcript yet');
    await new Promise<void>((resolve) => {
      const look = (): void => {
        const complete = readFileSync(path, 'utf8').split('\n').slice(0, -1);
        if (!complete.some((line) => words.every((word) => line.includes(word)))) return;
        watcher.close();
        resolve();
      };
      const watcher = watch(path, look);
      look();
    });
  }

  transcriptPath(ended: Ended): string | null {
    return this.agent.transcriptPath(this.context(), ended.signals.conversationId ?? '');
  }

  /** Cuts the first line of the transcript that holds all these words in its middle, as a full disk would. */
  tearTranscript(ended: Ended, ...words: string[]): void {
    const path = this.transcriptPath(ended) ?? '';
    const lines = readFileSync(path, 'utf8').split('\n');
    const index = lines.findIndex((line) => words.every((word) => line.includes(word)));
    if (index < 0) throw new Error(`no line of ${path} holds ${words.join(' and ')}`);
    lines[index] = (lines[index] ?? '').slice(0, 100);
    writeFileSync(path, lines.join('\n'));
  }

  /** The text of a file in the working tree, once it is there. */
  async written(file: string): Promise<string> {
    const path = join(this.cwd, file);
    await new Promise<void>((resolve) => {
      const look = (): void => {
        if (!existsSync(path) || readFileSync(path, 'utf8') === '') return;
        watcher.close();
        resolve();
      };
      const watcher = watch(this.cwd, look);
      look();
    });
    return this.read(file);
  }

  read(file: string): string {
    return readFileSync(join(this.cwd, file), 'utf8');
  }

  /** Ends what is left of the attempts, and removes the session's files. */
  async close(): Promise<void> {
    // An agent's shell has a process group of its own: only the marker finds it.
    await killTree(treeOf({ treeId: this.spec.sessionId, path: this.folder, cgroups: null, sinceTicks: 0 }));
    await Promise.all(this.running.map((agent) => agent.ended));
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async transcript(ended: Ended): Promise<TranscriptFinding | null> {
    const path = this.transcriptPath(ended);
    return path === null ? null : { path, ...(await countFrom(path, 0, this.agent.isMessage)) };
  }

  private context(): LaunchContext {
    const { spec, environment, folder } = this;
    return { spec, environment, attemptPath: folder, checkpointPath: folder, epoch: this.epoch + 1 };
  }
}

/** A command whose effect happens, and which then does not end until it is let through. */
export const effectThenWait = 'echo done >> effects && mkfifo gate && cat gate';
