import { spawn } from 'node:child_process';
import { StringDecoder } from 'node:string_decoder';
import type { AgentEvent } from '../../domain/agent-event.js';
import { applyEvent, emptySignals, type Signals } from '../../domain/signals.js';
import type { Agent, EndFacts, EndVerdict, Launch } from '../../host/agents/agent.js';
import { knownPid } from './known-pid.js';

/** An agent that was started directly, without a holder or Temporal. */
export interface RunningAgent {
  pid: number;
  /** Lines of stdout so far. */
  lines: readonly string[];
  signals(): Signals;
  /** Resolves at the first event for which this holds. @throws Error where the agent ends before. */
  event(matches: (event: AgentEvent) => boolean): Promise<AgentEvent>;
  /** SIGKILL to the agent's whole process group. */
  kill(): void;
  /** Resolves once it has ended. */
  ended: Promise<EndFacts & { verdict: EndVerdict }>;
}

const stderrKept = 8_192;

/** Starts an agent as a launch says, in a process group of its own, with its output through its own parser. */
export function runAgent(agent: Agent, launch: Launch, cwd: string, environment: Record<string, string>): RunningAgent {
  const [program = '', ...rest] = launch.argv;
  const child = spawn(program, rest, { cwd, env: { ...environment, ...launch.environment }, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const lines: string[] = [];
  const events: AgentEvent[] = [];
  const waiting = new Set<(event: AgentEvent) => void>();
  const parse = agent.parser();
  const decoder = new StringDecoder('utf8');
  let signals = emptySignals(Date.now());
  let torn = '';
  let stderrTail = '';

  const take = (line: string): void => {
    lines.push(line);
    for (const event of parse(line)) {
      events.push(event);
      signals = applyEvent(signals, event, Date.now());
      for (const look of waiting) look(event);
    }
  };
  child.stdout.on('data', (chunk: Buffer) => {
    const parts = (torn + decoder.write(chunk)).split('\n');
    torn = parts.pop() ?? '';
    parts.forEach(take);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderrTail = (stderrTail + text).slice(-stderrKept);
  });

  const ended = new Promise<EndFacts & { verdict: EndVerdict }>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (exitCode, signal) => {
      const facts: EndFacts = { exitCode, signal, signals, stderrTail };
      resolve({ ...facts, verdict: agent.classifyEnd(facts) });
    });
  });

  return {
    pid: child.pid ?? 0,
    lines,
    signals: () => signals,
    event: (matches) =>
      new Promise((resolve, reject) => {
        const there = events.find(matches);
        if (there) {
          resolve(there);
          return;
        }
        const look = (event: AgentEvent): void => {
          if (!matches(event)) return;
          waiting.delete(look);
          resolve(event);
        };
        waiting.add(look);
        ended.then((end) => reject(new Error(`the agent ended first: ${end.verdict.reason} ${end.stderrTail}`)), reject);
      }),
    kill: () => {
      try {
        process.kill(-knownPid(child.pid), 'SIGKILL');
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
      }
    },
    ended,
  };
}
