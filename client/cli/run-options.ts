import { Option, type Command } from 'commander';
import { agentKinds } from '../../domain/session.js';
import { resumeStrategies, type ResumeStrategy } from '../../domain/parameters.js';
import type { SessionRequest } from '../session-spec.js';
import { durationOption } from './duration-option.js';
import { parseAmount, parseCount, parseDuration, parseRatio, parseSize, parseTokens } from './units.js';

/** Options of `shim run` as commander hands them over; durations in ms, sizes in bytes. What is absent takes the default of the spec. */
export interface RunOptions {
  name?: string;
  agent: string;
  cwd: string;
  env?: string[];
  policy?: 'always' | 'on-failure' | 'never';
  maxFailures?: number;
  window?: number;
  backoffBase?: number;
  backoffMax?: number;
  hangTimeout?: number;
  memoryLimit?: number;
  stopGrace?: number;
  startTimeout?: number;
  checkpointInterval?: number;
  dangerZone?: number;
  resumeStrategy?: ResumeStrategy;
  after?: string;
  account?: string;
  budgetTokens?: number;
  budgetUsd?: number;
  budgetHours?: number;
  wait: boolean;
  timeout: number;
  json?: true;
}

const defaultTimeoutMs = 180_000;

/** Declares the options of `shim run`. */
export function addRunOptions(command: Command): Command {
  return command
    .option('--name <name>', "the session's name (default: made from the folder's)")
    .option('--agent <kind>', `what runs: ${agentKinds.join(', ')}`, 'command')
    .addOption(new Option('--cwd <folder>', 'working folder').default(process.cwd(), 'this one'))
    .option('--env <name...>', 'hand this environment variable on too; its value is taken from here')
    .addOption(new Option('--policy <when>', 'when to restart (default: on-failure)').choices(['always', 'on-failure', 'never']))
    .option('--max-failures <n>', 'failures allowed within the window before it rests as failed (default: 5)', parseCount)
    .option('--window <duration>', 'the window of --max-failures (default: 10m)', parseDuration)
    .option('--backoff-base <duration>', 'first delay of the back-off (default: 1s)', parseDuration)
    .option('--backoff-max <duration>', 'longest delay of the back-off (default: 5m)', parseDuration)
    .option('--hang-timeout <duration>', 'silence after which it counts as hung (default: 10m)', parseDuration)
    .option('--memory-limit <size>', 'memory of the whole process tree (default: none)', parseSize)
    .option('--stop-grace <duration>', 'from TERM to KILL at a stop or pause (default: 10s)', parseDuration)
    .option('--start-timeout <duration>', 'from the spawn to the first event (default: 2m)', parseDuration)
    .option('--checkpoint-interval <duration>', 'between checkpoints by time (default: 10m)', parseDuration)
    .option('--danger-zone <ratio>', 'context use at which it is checkpointed and recycled (default: 0.75)', parseRatio)
    .addOption(new Option('--resume-strategy <strategy>', 'first way to try to resume (default: native)').choices(resumeStrategies))
    .option('--after <name>', 'begin when this session has completed (shim resume starts it anyway)')
    .option('--account <name>', 'who pays: sessions of one account wait for its limits together (default: made from the login or API key of claude-code and codex)')
    .option('--budget-tokens <n>', 'tokens all its attempts may spend, cached ones too; then it is checkpointed and paused (default: none)', parseTokens)
    .option('--budget-usd <amount>', 'dollars they may spend, as the agent tells its cost (not for codex, which tells none)', parseAmount)
    .option('--budget-hours <n>', 'hours they may live', parseAmount)
    .option('--no-wait', 'return once the session is started')
    .addOption(durationOption('--timeout <duration>', 'how long to wait until it runs (exit code 5 past it)', defaultTimeoutMs))
    .option('--json', 'print JSON');
}

/** The request these options make, under a name. */
export function toRequest(options: RunOptions, argv: readonly string[], name: string): SessionRequest {
  const { agent, cwd, env, policy, maxFailures, window, backoffBase, backoffMax, hangTimeout, memoryLimit, stopGrace, startTimeout, checkpointInterval, dangerZone, resumeStrategy, after, account, budgetTokens, budgetUsd, budgetHours } = options;
  return {
    name,
    agent,
    argv,
    cwd,
    environmentNames: env ?? [],
    ...(after !== undefined && { after }),
    ...(account !== undefined && { account }),
    budget: { ...(budgetTokens !== undefined && { tokens: budgetTokens }), ...(budgetUsd !== undefined && { usd: budgetUsd }), ...(budgetHours !== undefined && { hours: budgetHours }) },
    policy: {
      ...(policy && { restart: policy }),
      backoff: { ...(backoffMax !== undefined && { maxMs: backoffMax }) },
      intensity: { ...(maxFailures !== undefined && { maxFailures }), ...(window !== undefined && { windowMs: window }) },
    },
    limits: {
      ...(memoryLimit !== undefined && { memoryBytes: memoryLimit }),
      ...(stopGrace !== undefined && { stopGraceMs: stopGrace }),
      ...(startTimeout !== undefined && { startTimeoutMs: startTimeout }),
    },
    parameters: {
      ...(backoffBase !== undefined && { backoffBaseMs: backoffBase }),
      ...(hangTimeout !== undefined && { hangTimeoutMs: hangTimeout }),
      ...(checkpointInterval !== undefined && { checkpointIntervalMinutes: checkpointInterval / 60_000 }),
      ...(dangerZone !== undefined && { dangerZone }),
      ...(resumeStrategy && { resumeStrategy }),
    },
  };
}
