import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { agentPid } from '../../client/agent-pid.js';
import type { AttemptReport } from '../../domain/attempt.js';
import type { ResumeReceipt } from '../../domain/receipt.js';
import type { SessionState } from '../../domain/session.js';
import { parseObject } from '../../host/agents/json-line.js';
import { agentFor } from '../../host/agents/registry.js';
import { SessionFolder } from '../../host/session-folder.js';
import type { SessionStatus } from '../../workflows/messages.js';
import { agentEnvironment, type AgentPrograms } from './agent-environment.js';
import { AttemptsAlive } from './attempts-alive.js';
import type { Turn } from './conversation.js';
import { until, type Installation, type SpecRequest } from './installation.js';
import { startStandIn, type Script, type StandIn } from './stand-in-api.js';

export const task = 'Write down what you did.';
const argvOf = {
  'claude-code': ['-p', task, '--dangerously-skip-permissions', '--model', 'claude-sonnet-4-5'],
  codex: ['--skip-git-repo-check', '-m', 'gpt-5.1-codex', task],
} as const;
const keyName = { 'claude-code': 'ANTHROPIC_API_KEY', codex: 'STAND_IN_KEY' } as const;

/** A subscriber of Claude Code has a token instead of a key, and is told when a limit ends. */
export const subscribersToken = 'CLAUDE_CODE_OAUTH_TOKEN';
const patienceMs = 90_000;

/** A session of a real agent in an installation, with a stand-in for its API, a home and a key of its own. */
export class SupervisedAgent {
  readonly folder: SessionFolder;
  /** The working tree. */
  readonly cwd: string;
  /** A folder outside the working tree. */
  readonly outside: string;
  /** The value of the agent's API key: nobody else may have it. */
  readonly key = `sk-stand-in-${randomUUID()}`;
  private alive: AttemptsAlive | null = null;

  private constructor(
    private readonly shim: Installation,
    readonly kind: keyof AgentPrograms,
    readonly name: string,
    readonly standIn: StandIn,
  ) {
    this.folder = new SessionFolder(shim.home, name);
    this.cwd = join(shim.folder, name, 'tree');
    this.outside = join(shim.folder, name, 'outside');
  }

  /** @param script may use the session: it is asked only once the agent runs. */
  static async start(shim: Installation, kind: keyof AgentPrograms, programs: AgentPrograms, script: (session: SupervisedAgent) => Script, request: Partial<SpecRequest> = {}, keyVariable: string = keyName[kind]): Promise<SupervisedAgent> {
    let current: Script = () => ({ kind: 'text', text: 'Too early.' });
    const standIn = await startStandIn((logged, index) => current(logged, index));
    const session = new SupervisedAgent(shim, kind, `${kind}-${randomUUID().slice(0, 8)}`, standIn);
    current = script(session);
    const home = join(shim.folder, session.name, 'home');
    for (const folder of [home, session.cwd, session.outside]) mkdirSync(folder, { recursive: true });
    const environment = agentEnvironment(home, standIn.url, programs);
    delete environment[keyName[kind]];
    environment[keyVariable] = session.key;
    const environmentNames = kind === 'codex' ? ['SHIM_CODEX', 'STAND_IN_KEY'] : ['SHIM_CLAUDE'];
    await shim.start({ name: session.name, agent: kind, argv: argvOf[kind], cwd: session.cwd, environmentNames, ...request }, environment);
    session.alive = new AttemptsAlive((await session.status()).sessionId);
    return session;
  }

  status(): Promise<SessionStatus> {
    return this.shim.client.status(this.name);
  }

  until(...states: SessionState[]): Promise<SessionStatus> {
    return this.shim.client.waitForState(this.name, states, patienceMs);
  }

  /** Goes on at once with what waits. */
  async reset(): Promise<void> {
    await this.shim.client.reset(this.name, { by: 'the test' });
  }

  /** The pid of the agent itself, and that of its holder. */
  async pids(): Promise<{ agent: number; holder: number }> {
    const { attempt } = await this.status();
    const agent = agentPid(this.folder.attempts().at(-1)?.path ?? '');
    if (!attempt || agent === null) throw new Error(`${this.name} is not running`);
    return { agent, holder: attempt.pid };
  }

  /** Resolves once the agent's own transcript holds all these words on one line: it is written late. */
  async recorded(...words: string[]): Promise<void> {
    await until(() => this.transcript().some((line) => words.every((word) => line.includes(word))), `${words.join(', ')} in the transcript of ${this.name}`);
  }

  /** Resolves once the agent's own transcript holds a prompt with these words: Claude Code writes its queue of prompts down before. */
  async recordedPrompt(words: string): Promise<void> {
    const { promptIn } = agentFor(this.kind);
    const prompts = (): (string | null)[] => this.transcript().map((line) => promptIn(parseObject(line) ?? {}));
    await until(() => prompts().some((prompt) => prompt?.includes(words)), `a prompt with ${words} in the transcript of ${this.name}`);
  }

  reports(): (AttemptReport | null)[] {
    return this.folder.attempts().map((attempt) => attempt.report());
  }

  ends(): (AttemptReport['exitClass'] | undefined)[] {
    return this.reports().map((report) => report?.exitClass);
  }

  /** The receipt of an attempt, once it is complete. */
  async receipt(epoch: number): Promise<ResumeReceipt> {
    await until(() => this.folder.attempt(epoch).receipt()?.fidelity != null, `the receipt of attempt ${epoch}`);
    const receipt = this.folder.attempt(epoch).receipt();
    if (!receipt) throw new Error('the receipt went away');
    return receipt;
  }

  /** The text of a file outside the tree; empty where there is none. */
  read(file: string): string {
    const path = join(this.outside, file);
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  }

  /** The most attempts with a live process at one moment, and how many there were. */
  copies(): { most: number; seen: number } {
    return { most: this.alive?.most ?? 0, seen: this.alive?.seen.size ?? 0 };
  }

  /** Files of SHIM's own that hold these words: not the agent's raw output, its own transcript or its environment. */
  filesWith(words: string): string[] {
    const isRaw = (path: string): boolean => /(^|\/)(std(out|err)|env\/[^/]*\.json|checkpoints\/transcript\/.*)$/.test(path);
    return readdirSync(this.shim.home, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((path) => !isRaw(path) && readFileSync(path).includes(words));
  }

  /** What was said in a request of the agent, without what Claude Code itself puts in; nothing where there was no such request. */
  said(request: number): Turn[] {
    const turns = this.standIn.requests[request]?.conversation.turns ?? [];
    return turns.map(withoutReminders).filter((turn) => turn.kind !== 'user' || turn.text !== '');
  }

  /** What came back in a resumed request: all before SHIM's brief that the agent did not make up to fill a gap. */
  cameBack(request: number): Turn[] {
    const turns = this.said(request);
    const brief = turns.findIndex((turn) => turn.kind === 'user' && turn.text.startsWith('[SHIM resume brief]'));
    if (brief < 0) throw new Error(`request ${request} of ${this.name} has no brief`);
    return turns.slice(0, brief).filter((turn) => !isMadeUp(turn));
  }

  /** The brief in a resumed request. */
  brief(request: number): string {
    const last = this.said(request).findLast((turn) => turn.kind === 'user');
    return last?.kind === 'user' ? last.text : '';
  }

  /** All that Temporal keeps of it. */
  history(): Promise<string> {
    return this.shim.history(this.name);
  }

  /** The session itself ends with its installation. */
  async close(): Promise<void> {
    this.alive?.stop();
    await this.standIn.close();
  }

  /** Its complete lines: of one that is being written, SHIM and the agent itself read nothing. */
  private transcript(): string[] {
    const path = this.folder.attempts().at(-1)?.live()?.transcriptPath ?? null;
    return path === null ? [] : readFileSync(path, 'utf8').split('\n').slice(0, -1);
  }
}

/** What Claude Code and Codex say themselves where a call has no answer and a question no reply. */
function isMadeUp(turn: Turn): boolean {
  if (turn.kind === 'assistant') return turn.text === 'No response requested.';
  return turn.kind === 'tool_result' && (turn.output === 'aborted' || turn.output.startsWith('[Tool call interrupted'));
}

/** Claude Code puts reminders beside what was said, and into answers. */
function withoutReminders(turn: Turn): Turn {
  const strip = (text: string): string => text.replace(/\s*<system-reminder>[^]*?<\/system-reminder>\s*/g, '');
  if (turn.kind === 'user') return { ...turn, text: strip(turn.text) };
  return turn.kind === 'tool_result' ? { ...turn, output: strip(turn.output) } : turn;
}
