import { Command, InvalidArgumentError, Option } from 'commander';

/** Ways for the agent to fail; each is the real thing. */
export const failures = [
  'kill-before',
  'kill-in',
  'kill-after',
  'kill-before-prompt',
  'kill-after-prompt',
  'abort',
  'exit',
  'hang',
  'no-result',
  'linger',
  'limit',
  'overload',
  'auth',
  'context-full',
  'out-of-memory',
] as const;
export type Failure = (typeof failures)[number];

export interface Options {
  items: number;
  ledger: string;
  stepMs: number;
  fail?: Failure;
  failAt: number;
  failAttempts: number;
  limitSeconds: number;
  ignoreTerm: boolean;
  daemon: boolean;
  fillContext: boolean;
}

/** Reads the agent's command line; ends the process with the usage where it is wrong. */
export function readOptions(argv: readonly string[]): Options {
  return new Command('scripted-agent')
    .description('A small agent that does numbered work items against a ledger, streams JSON like a coding agent, and fails when told to.')
    .requiredOption('--ledger <file>', 'the external service: a file outside the working tree')
    .option('--items <n>', 'work items', whole, 5)
    .option('--step-ms <ms>', 'duration of each third of an item: before, in and after its write', whole, 50)
    .addOption(new Option('--fail <how>', 'fail in this way').choices(failures))
    .option('--fail-at <item>', 'at this item', whole, 2)
    .option('--fail-attempts <n>', 'in this many of the first attempts', whole, 1)
    .option('--limit-seconds <s>', 'reset of the limit that --fail limit meets', whole, 2)
    .option('--ignore-term', 'do not end on SIGTERM', false)
    .option('--daemon', 'leave a child that has left the session by setsid', false)
    .option('--fill-context', 'report ever more context use', false)
    .parse([...argv], { from: 'user' })
    .opts<Options>();
}

function whole(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new InvalidArgumentError('a whole number is needed');
  return value;
}
