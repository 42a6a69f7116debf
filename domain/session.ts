import { z } from 'zod';
import { accountNameSchema } from './account.js';
import { budgetSchema } from './budget.js';
import { parameterNames } from './parameter-table.js';
import { parametersSchema } from './parameters.js';
import { restartPolicySchema } from './restart-policy.js';

export const agentKinds = ['claude-code', 'codex', 'command'] as const;
export type AgentKind = (typeof agentKinds)[number];

/** Agents that can be told to shorten a full conversation, and whose stream proves that they did. */
export const compactingAgents: ReadonlySet<AgentKind> = new Set(['claude-code']);

/** What a session is doing, in the words of the CLI, the search attribute and the Web UI. */
export const sessionStates = [
  'starting',
  'running',
  'backing_off',
  'waiting_for_limit',
  'waiting_for_host',
  'waiting_for_session',
  'paused',
  'stopping',
  'completed',
  'failed',
  'stopped',
] as const;
export type SessionState = (typeof sessionStates)[number];

/** States that close the session for good; `failed` and `paused` keep it open for `reset` and `resume`. */
export const closedStates: readonly SessionState[] = ['completed', 'stopped'];

/** Who or what paused a session. */
export const pauseReasons = ['person', 'budget', 'second_writer', 'fleet'] as const;
export type PauseReason = (typeof pauseReasons)[number];

/**
 * A session's name: it becomes a folder, a workflow id and a metric label, so it starts with a letter or digit and has
 * no separators, no `..` and at most 63 characters.
 */
export const sessionNameSchema = z
  .string()
  .max(63, 'a session name has at most 63 characters')
  .regex(
    /^[A-Za-z0-9](?:[A-Za-z0-9_-]|\.(?!\.))*$/,
    'a session name starts with a letter or digit and holds only letters, digits, "-", "_" and single dots',
  );

const environmentNameSchema = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'not a name of an environment variable');

/** Bounds of one attempt that are not tuned by experiment. */
export const sessionLimitsSchema = z.strictObject({
  /** TERM to KILL when a person stops or pauses, ms. */
  stopGraceMs: z.number().int().nonnegative().default(10_000),
  /** Spawn to first event, ms; past it the attempt ends as `start_timeout`. */
  startTimeoutMs: z.number().int().positive().default(120_000),
  /** Final result to exit, ms; past it the tree is killed and the attempt counts as completed. */
  resultGraceMs: z.number().int().nonnegative().default(10_000),
  /** Silence allowed while a tool call is pending, ms. */
  hangToolTimeoutMs: z.number().int().positive().default(1_800_000),
  /** Resident memory of the whole tree, bytes; past it the attempt ends as `out_of_memory`. */
  memoryBytes: z.number().int().positive().optional(),
  /** Size at which the session log is rotated, bytes; five files are kept. */
  logBytes: z.number().int().positive().default(20_000_000),
});
export type SessionLimits = z.infer<typeof sessionLimitsSchema>;

/** Everything that defines a session, fixed at its creation but for what a fleet's file may change (spec-change.ts). It holds no secret: environment values stay on the host. */
export const sessionSpecSchema = z.strictObject({
  /** UUID made when the session is created; the same name used again is another session. */
  sessionId: z.uuid(),
  name: sessionNameSchema,
  agent: z.enum(agentKinds),
  /** `command`: the program and its arguments. Other agents: the arguments of the agent's own CLI. */
  argv: z.array(z.string()),
  /** Absolute path of the working tree. */
  cwd: z.string().startsWith('/'),
  /** Names of the environment variables handed on; their values lie in a 0600 file on the host. */
  environmentNames: z.array(environmentNameSchema).default([]),
  policy: restartPolicySchema,
  limits: sessionLimitsSchema,
  parameters: parametersSchema,
  /** Parameters that a person has set for this session: no experiment and no deploy touches them. */
  pinned: z.array(z.enum(parameterNames)).default([]),
  /** The fleet that the session is a member of, which is told what becomes of it; sessions that a person began have none. */
  fleet: sessionNameSchema.optional(),
  /** The name of the session that has to complete before this one begins. */
  after: sessionNameSchema.optional(),
  /** What all its attempts together may spend. */
  budget: budgetSchema.optional(),
  /** ISO 8601. */
  createdAt: z.iso.datetime(),
  /** When it was changed last, ISO 8601; absent where it is as it was created. */
  changedAt: z.iso.datetime().optional(),
  /** Who pays: its limits are waited out together. Absent: the session waits for itself. */
  account: accountNameSchema.optional(),
});
export type SessionSpec = z.infer<typeof sessionSpecSchema>;
