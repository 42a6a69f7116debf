import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import type { z } from 'zod';
import type { Budget } from '../domain/budget.js';
import { formatDuration } from '../domain/duration.js';
import { parameterNames, parameterTable, type ParameterName } from '../domain/parameter-table.js';
import type { parametersSchema } from '../domain/parameters.js';
import type { restartPolicySchema } from '../domain/restart-policy.js';
import { agentKinds, sessionSpecSchema, type AgentKind, type sessionLimitsSchema, type SessionSpec } from '../domain/session.js';
import { checkCommand, checkFolder } from './command-check.js';
import { environmentNames } from './environment.js';
import { BadInputError } from './errors.js';

/** A definition goes through Temporal with each start, which takes 2 MB as one message, bytes. */
const longestSpec = 500_000;

/** What a person asks for; what is left out takes the schema's defaults. */
export interface SessionRequest {
  name: string;
  agent: string;
  argv: readonly string[];
  /** Relative to the working directory of whoever asks. */
  cwd: string;
  /** Names to hand on besides the allow-list. */
  environmentNames?: readonly string[];
  policy?: z.input<typeof restartPolicySchema>;
  limits?: z.input<typeof sessionLimitsSchema>;
  parameters?: z.input<typeof parametersSchema>;
  /** Who pays; where it is left out, and can be told, it is made from the login or key at the start. */
  account?: string;
  /** Parameters that no experiment and no deploy touches; those of `parameters` without it. */
  pinned?: readonly ParameterName[];
  /** The session that has to complete first. */
  after?: string;
  /** The fleet that it is to be a member of. */
  fleet?: string;
  /** What all its attempts together may spend. */
  budget?: Budget;
}

/**
 * Makes the definition of a new session, with everything checked that can be checked before anything is started.
 *
 * @throws BadInputError, one line that names the option.
 */
export function createSpec(request: SessionRequest, environment: NodeJS.ProcessEnv = process.env): SessionSpec {
  const agent = agentKinds.find((kind): kind is AgentKind => kind === request.agent);
  if (!agent) throw new BadInputError(`--agent: ${quoted(request.agent)} is not an agent; there are ${agentKinds.join(', ')}`);
  const cwd = resolve(request.cwd);
  const parsed = sessionSpecSchema.safeParse({
    sessionId: randomUUID(),
    name: request.name,
    agent,
    argv: [...request.argv],
    cwd,
    environmentNames: environmentNames(agent, request.environmentNames ?? [], environment),
    policy: request.policy ?? {},
    limits: request.limits ?? {},
    parameters: request.parameters ?? {},
    pinned: [...(request.pinned ?? namesOf(request.parameters ?? {}))],
    ...(request.after === undefined ? {} : { after: request.after }),
    ...(request.fleet === undefined ? {} : { fleet: request.fleet }),
    ...(request.budget === undefined || Object.keys(request.budget).length === 0 ? {} : { budget: request.budget }),
    createdAt: new Date().toISOString(),
    account: request.account,
  });
  if (!parsed.success) throw new BadInputError(describeIssue(parsed.error.issues[0], request.name));
  const { parameters, policy } = parsed.data;
  if (parameters.backoffBaseMs > policy.backoff.maxMs) {
    throw new BadInputError(`--backoff-base: ${formatDuration(parameters.backoffBaseMs)} is more than the longest delay, ${formatDuration(policy.backoff.maxMs)}; raise --backoff-max too`);
  }
  const bytes = Buffer.byteLength(JSON.stringify(parsed.data));
  if (bytes > longestSpec) throw new BadInputError(`the command and its options have ${bytes} bytes, of which a session keeps ${longestSpec} at most; put the task into a file and name that`);
  if (agent === 'codex' && parsed.data.budget?.usd !== undefined) throw new BadInputError('--budget-usd: codex does not tell what it costs, so that nobody could keep it; bound its tokens instead: --budget-tokens');
  checkFolder(cwd);
  checkCommand(parsed.data, environment);
  return parsed.data;
}

/** The parameters that a person has set. */
function namesOf(parameters: NonNullable<SessionRequest['parameters']>): ParameterName[] {
  return parameterNames.filter((name) => {
    const { field } = parameterTable[name];
    return field !== null && parameters[field] !== undefined;
  });
}

/** The option that sets a field of the spec. */
const optionOf: Readonly<Record<string, string>> = {
  name: '--name',
  cwd: '--cwd',
  account: '--account',
  environmentNames: '--env',
  after: '--after',
  'budget.tokens': '--budget-tokens',
  'budget.usd': '--budget-usd',
  'budget.hours': '--budget-hours',
  'policy.restart': '--policy',
  'policy.intensity.maxFailures': '--max-failures',
  'policy.intensity.windowMs': '--window',
  'policy.backoff.maxMs': '--backoff-max',
  'limits.stopGraceMs': '--stop-grace',
  'limits.startTimeoutMs': '--start-timeout',
  'limits.memoryBytes': '--memory-limit',
  'parameters.backoffBaseMs': '--backoff-base',
  'parameters.hangTimeoutMs': '--hang-timeout',
  'parameters.checkpointIntervalMinutes': '--checkpoint-interval',
  'parameters.dangerZone': '--danger-zone',
  'parameters.resumeStrategy': '--resume-strategy',
};

function describeIssue(issue: z.core.$ZodIssue | undefined, name: string): string {
  const field = issue?.path.join('.') ?? '';
  const given = field === 'name' ? ` ${quoted(name)}` : '';
  return `${optionOf[field] ?? field}${given}: ${issue?.message ?? 'not valid'}`;
}

/** A value as one short line, whatever is in it. */
function quoted(value: string): string {
  return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
}
