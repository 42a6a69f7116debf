import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { AttemptReport } from '../domain/attempt.js';
import { budgetSchema, spendSchema, type Budget, type Spend } from '../domain/budget.js';
import { exitClasses } from '../domain/exit-class.js';
import type { CheckpointTimes } from '../domain/checkpoint-times.js';
import { parametersSchema, resumeRungs, type Parameters } from '../domain/parameters.js';
import type { ResumeReceipt } from '../domain/receipt.js';
import type { Risk } from '../domain/risk.js';
import type { AllowedWriter } from '../domain/second-writer.js';
import { sessionNameSchema, sessionSpecSchema, sessionStates, type SessionSpec, type SessionState } from '../domain/session.js';
import type { Signals } from '../domain/signals.js';
import { replaceFile, writeDurably } from './durable-file.js';

/** What an attempt was begun with; written before its holder is spawned. Times are Unix ms. */
export interface AttemptRecord {
  sessionId: string;
  attemptId: string;
  epoch: number;
  hostId: string;
  bootId: string;
  /** Marks its processes, and names their cgroup. */
  treeId: string;
  /** Clock ticks since boot at the start; older processes are not of this attempt. */
  sinceTicks: number;
  startedAtMs: number;
  /** With what was changed while it ran. */
  parameters: Parameters;
  strategy: ResumeReceipt['strategy'];
  conversationId: string | null;
  /** Messages of the conversation that it was resumed with; 0 for a fresh start. */
  messagesAtStart: number;
  argv: string[];
  /** The queued prompt it was begun with, and where the agent's transcript ended then (0 for a new one); null where the agent was not given it. */
  prompt?: { id: number; fromBytes: number | null; isDelivered: boolean } | undefined;
  /** The account that is to be told of its first answer; records of older versions lack it. */
  probeOf?: string | undefined;
  /** What its session may spend, had spent before it, and what the agent's own counts stood at. Records of older versions lack it. */
  spending?: { budget: Budget; before: Spend; begunWith: { tokens: number; usd: number } } | undefined;
  /** Second writers that a person has allowed; lacking where there are none. */
  beside?: AllowedWriter[] | undefined;
}

/** What is known of an attempt while it lives; rewritten at most once a second. */
export interface LiveRecord {
  runningAtMs: number | null;
  signals: Signals;
  risk: Risk;
  /** Zones entered, oldest first: who asks for the zone at a time takes the last one before it. */
  zones: { atMs: number; zone: Risk['zone'] }[];
  resources: { cpuMs: number; rssBytes: number } | null;
  transcriptPath: string | null;
  /** How far the output is in the signals above. */
  offsets: Offsets;
  // What follows is lacking in records of older versions: see AttemptReport.
  checkpointTimes?: CheckpointTimes;
  maxContextUse?: number | null;
  longestSilenceMs?: number;
  promptDelivered?: boolean;
  budgetWarned?: boolean;
  /** The session has been told that the attempt runs. */
  runningTold?: boolean;
}

/** Bytes consumed of an attempt's output. */
export interface Offsets {
  stdout: number;
  stderr: number;
}

/** The session's state as Temporal last told it. */
export interface StateRecord {
  state: SessionState;
  reason: string;
  atMs: number;
  epoch: number;
}

const attemptRecordSchema: z.ZodType<AttemptRecord> = z.object({
  sessionId: z.string(),
  attemptId: z.string(),
  epoch: z.number().int().positive(),
  hostId: z.string(),
  bootId: z.string(),
  treeId: z.string(),
  sinceTicks: z.number().nonnegative(),
  startedAtMs: z.number(),
  parameters: parametersSchema,
  strategy: z.enum([...resumeRungs, 'fresh']),
  conversationId: z.string().nullable(),
  messagesAtStart: z.number().nonnegative(),
  argv: z.array(z.string()),
  prompt: z.object({ id: z.number().int().positive(), fromBytes: z.number().nullable(), isDelivered: z.boolean() }).optional(),
  probeOf: z.string().optional(),
  spending: z.object({ budget: budgetSchema, before: spendSchema, begunWith: z.object({ tokens: z.number(), usd: z.number() }) }).optional(),
  beside: z.array(z.object({ pid: z.number(), startTicks: z.number() })).optional(),
});
const stateRecordSchema: z.ZodType<StateRecord> = z.object({ state: z.enum(sessionStates), reason: z.string(), atMs: z.number(), epoch: z.number() });
const tombstoneSchema = z.object({ sessionId: z.string(), atMs: z.number(), reason: z.string() });
/** Only what other code relies on is checked; SHIM itself wrote the rest. */
const reportSchema = z.looseObject({ attemptId: z.string(), epoch: z.number(), exitClass: z.enum(exitClasses), endedAtMs: z.number() });
const liveSchema = z.looseObject({ signals: z.looseObject({ startedAtMs: z.number(), pending: z.array(z.unknown()) }), risk: z.looseObject({ zone: z.string() }), offsets: z.object({ stdout: z.number(), stderr: z.number() }) });
const receiptSchema = z.looseObject({ epoch: z.number(), strategy: z.string() });
const decisionSchema = z.object({ decision: z.string() });

/** Names the folders of $SHIM_HOME. */
export function sessionsRoot(home: string): string {
  return join(home, 'sessions');
}

/** Where the folder of a closed session goes whose name was taken by a new one. */
export function archiveRoot(home: string): string {
  return join(home, 'archive');
}

/** Where the values of a session's environment lie, 0600; the session itself only has their names. */
export function environmentFile(home: string, sessionId: string): string {
  return join(home, 'env', `${z.uuid().parse(sessionId)}.json`);
}

/** All sessions with a folder on this host, by name. */
export function listSessionFolders(home: string): SessionFolder[] {
  let names: string[];
  try {
    names = readdirSync(sessionsRoot(home));
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
  return names.filter((name) => sessionNameSchema.safeParse(name).success).map((name) => new SessionFolder(home, name));
}

/** One session's records on disk. A record that is missing or torn reads as null: the next one up is used. */
export class SessionFolder {
  readonly path: string;

  /** @throws ZodError if the name is not a session name. */
  constructor(
    home: string,
    readonly name: string,
  ) {
    this.path = join(sessionsRoot(home), sessionNameSchema.parse(name));
  }

  get checkpointsPath(): string {
    return join(this.path, 'checkpoints');
  }
  get logPath(): string {
    return join(this.path, 'log');
  }

  /** Where a queued prompt lies, for the agent too. */
  promptPath(id: number): string {
    return join(this.checkpointsPath, 'agent', `prompt-${String(id).padStart(4, '0')}.txt`);
  }

  create(spec: SessionSpec): void {
    mkdirSync(join(this.path, 'attempts'), { recursive: true, mode: 0o700 });
    mkdirSync(this.logPath, { recursive: true, mode: 0o700 });
    writeRecord(join(this.path, 'spec.json'), spec);
  }

  /** Takes away what a worker that was killed in the midst of a write has left. The worker that has the host's lock is the only one that writes. */
  removeAbandoned(): void {
    const latest = this.epochs().slice(-2).map((epoch) => this.attempt(epoch));
    for (const attempt of latest) attempt.removeUnbegun();
    for (const folder of [this.path, ...latest.map(({ path }) => path)]) {
      for (const file of listFolder(folder)) if (temporaryName.test(file)) rmSync(join(folder, file), { force: true });
    }
  }

  spec(): SessionSpec | null {
    return readRecord(join(this.path, 'spec.json'), sessionSpecSchema);
  }

  tombstone(): z.infer<typeof tombstoneSchema> | null {
    return readRecord(join(this.path, 'tombstone.json'), tombstoneSchema);
  }
  /** Survives a power cut: what was stopped does not return. */
  async writeTombstone(sessionId: string, reason: string): Promise<void> {
    mkdirSync(this.path, { recursive: true, mode: 0o700 });
    await writeDurably(join(this.path, 'tombstone.json'), JSON.stringify({ sessionId, atMs: Date.now(), reason }));
  }

  state(): StateRecord | null {
    return readRecord(join(this.path, 'state.json'), stateRecordSchema);
  }
  writeState(state: StateRecord): void {
    writeRecord(join(this.path, 'state.json'), state);
  }

  /** Epochs with a folder, ascending. */
  epochs(): number[] {
    try {
      return readdirSync(join(this.path, 'attempts'))
        .filter((entry) => /^\d{6,}$/.test(entry))
        .map(Number)
        .sort((a, b) => a - b);
    } catch (error) {
      if (isMissing(error)) return [];
      throw error;
    }
  }

  attempt(epoch: number): AttemptFolder {
    return new AttemptFolder(join(this.path, 'attempts', String(epoch).padStart(6, '0')), epoch);
  }

  attempts(): AttemptFolder[] {
    return this.epochs().map((epoch) => this.attempt(epoch));
  }
}

/** One attempt's records on disk. */
export class AttemptFolder {
  constructor(
    readonly path: string,
    readonly epoch: number,
  ) {}

  create(record: AttemptRecord): void {
    mkdirSync(this.path, { recursive: true, mode: 0o700 });
    try {
      writeRecord(join(this.path, 'attempt.json'), record);
    } catch (error) {
      // What never began is no attempt: its folder would look like one without an end.
      if (readdirSync(this.path).length === 0) rmdirSync(this.path);
      throw error;
    }
  }

  /**
   * Takes away what is there of an attempt of which nothing has been written down: its worker was killed before it had chosen what to
   * begin it with, and sends its holder only after that. It is no attempt, and nobody would ever write down its end.
   *
   * @returns whether it was one.
   */
  removeUnbegun(): boolean {
    if (listFolder(this.path).some((file) => madeByAnAttempt.has(file))) return false;
    rmSync(this.path, { recursive: true, force: true });
    return true;
  }

  /** An adopted attempt goes on with what it was given last. */
  keepParameters(parameters: Parameters): void {
    const record = this.record();
    if (record) this.create({ ...record, parameters });
  }

  record(): AttemptRecord | null {
    return readRecord(join(this.path, 'attempt.json'), attemptRecordSchema);
  }

  live(): LiveRecord | null {
    return readRecord(join(this.path, 'live.json'), liveSchema) as LiveRecord | null;
  }
  writeLive(live: LiveRecord): void {
    writeRecord(join(this.path, 'live.json'), live);
  }

  report(): AttemptReport | null {
    return readRecord(join(this.path, 'report.json'), reportSchema) as AttemptReport | null;
  }
  /** Not where the attempt's folder has been taken away meanwhile: there is nobody to read it. */
  writeReport(report: AttemptReport): void {
    if (existsSync(this.path)) writeRecord(join(this.path, 'report.json'), report);
  }

  /** Whether Temporal has the report. */
  isReported(): boolean {
    return readRecord(join(this.path, 'report.sent'), z.object({ atMs: z.number() })) !== null;
  }
  markReported(): void {
    writeRecord(join(this.path, 'report.sent'), { atMs: Date.now() });
  }

  /** Temporal is to be told again: it has forgotten. */
  forgetReported(): void {
    rmSync(join(this.path, 'report.sent'), { force: true });
  }

  receipt(): ResumeReceipt | null {
    return readRecord(join(this.path, 'receipt.json'), receiptSchema) as ResumeReceipt | null;
  }
  writeReceipt(receipt: ResumeReceipt): void {
    writeRecord(join(this.path, 'receipt.json'), receipt);
  }

  /** What was decided after this attempt, one line. */
  decision(): string | null {
    return readRecord(join(this.path, 'decision.json'), decisionSchema)?.decision ?? null;
  }
  /** Not where it never began: it has no folder. */
  writeDecision(decision: string): void {
    if (existsSync(this.path)) writeRecord(join(this.path, 'decision.json'), { decision });
  }
}

/** Whoever has one of these was begun, whatever became of the others. */
const madeByAnAttempt: ReadonlySet<string> = new Set(['attempt.json', 'go', 'report.json']);

const temporaryName = /\.\d+\.tmp$/;

function listFolder(path: string): string[] {
  try {
    return readdirSync(path);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

function writeRecord(path: string, value: unknown): void {
  replaceFile(path, `${path}.${process.pid}.tmp`, JSON.stringify(value));
}

function readRecord<T>(path: string, schema: z.ZodType<T>): T | null {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof z.ZodError) return null;
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
