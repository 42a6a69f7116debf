import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import type { Agent } from './agents/agent.js';
import { parseObject } from './agents/json-line.js';
import type { AttemptRecord } from './session-records.js';

/** Looked through for the prompt: it is among the first that an agent writes down, bytes. */
const lookedThrough = 2 * 1_048_576;

/** What a delivery is judged by. */
export interface DeliveryPlace {
  agent: Agent;
  /** As it was begun with. */
  prompt: NonNullable<AttemptRecord['prompt']>;
  /** Of the attempt's folder. */
  attemptPath: string;
  /** The file that holds the prompt. */
  promptPath: string;
  /** Of the agent's own transcript; null where there is none (yet). */
  transcriptPath: () => string | null;
}

/**
 * Whether an agent has got the prompt that its attempt was begun with. An agent that keeps a transcript has it when the
 * transcript does, in a whole line: what is not there, the next resume does not bring back. A command has it when it says
 * a word, or READY=1. Whoever completes a turn has done what it was told.
 */
export class PromptDelivery {
  /** @param isDelivered as an earlier worker has seen. */
  constructor(
    private readonly place: DeliveryPlace,
    public isDelivered: boolean,
  ) {}

  get id(): number {
    return this.place.prompt.id;
  }

  /** The agent has said something that means something. */
  heard(): void {
    if (this.place.agent.kind === 'command') this.isDelivered ||= this.wasGiven;
    else this.look();
  }

  /** Looks at what the agent has left. */
  look(): void {
    if (this.isDelivered || !this.wasGiven) return;
    const { agent, attemptPath, transcriptPath, promptPath } = this.place;
    if (agent.kind === 'command') {
      this.isDelivered = /^READY=1$/m.test(textOf(join(attemptPath, 'notify')));
      return;
    }
    const path = transcriptPath();
    if (path === null) return;
    const sought = textOf(promptPath).trim();
    const entries = linesFrom(path, this.place.prompt.fromBytes ?? 0).map(parseObject);
    this.isDelivered = entries.some((entry) => entry !== null && isPrompt(agent.promptIn(entry), sought));
  }

  /** The attempt has completed its turn. */
  completed(): void {
    this.isDelivered ||= this.wasGiven;
  }

  /** Not so where the agent began with its task alone, or had it from an earlier attempt. */
  private get wasGiven(): boolean {
    return this.place.prompt.fromBytes !== null;
  }
}

/** Where the last complete line of a transcript ends; 0 where there is none. */
export function endOfTranscript(path: string | null): number {
  if (path === null) return 0;
  return reading(path, 0, (file, size) => {
    const start = Math.max(0, size - lookedThrough);
    return start + bytesFrom(file, start, size - start).lastIndexOf(10) + 1;
  });
}

/** Slash commands are written down in a form of their own. */
function isPrompt(said: string | null, sought: string): boolean {
  if (said === null) return false;
  return said.includes(sought) || (sought.startsWith('/') && said.includes(`<command-name>${sought.split(/\s/, 1)[0]}`));
}

/** Complete lines. */
function linesFrom(path: string, from: number): string[] {
  return reading<string[]>(path, [], (file, size) => bytesFrom(file, from, Math.min(size - from, lookedThrough)).toString('utf8').split('\n').slice(0, -1));
}

function bytesFrom(file: number, at: number, length: number): Buffer {
  const buffer = Buffer.allocUnsafe(Math.max(0, length));
  return buffer.subarray(0, readSync(file, buffer, 0, buffer.length, at));
}

/** What is read of a file; `absent` where there is none. */
function reading<T>(path: string, absent: T, read: (file: number, size: number) => T): T {
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return absent;
    throw error;
  }
  try {
    return read(file, fstatSync(file).size);
  } finally {
    closeSync(file);
  }
}

function textOf(path: string): string {
  return reading(path, '', (file, size) => bytesFrom(file, 0, size).toString('utf8'));
}
