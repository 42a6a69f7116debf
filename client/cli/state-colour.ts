import type { CliContext } from './context.js';

const good: ReadonlySet<string> = new Set(['running', 'completed', 'safe', 'ok']);
const bad: ReadonlySet<string> = new Set(['failed', 'danger', 'fail', 'crashed', 'killed', 'out_of_memory', 'hung', 'lost', 'start_timeout', 'auth_failed', 'misconfigured']);
const still: ReadonlySet<string> = new Set(['paused', 'stopped', 'unknown']);

/** A state, zone, exit class or finding in the colour of its meaning. */
export function stateColour(word: string, { green, red, dim, yellow }: CliContext['colours']): string {
  if (good.has(word)) return green(word);
  if (bad.has(word)) return red(word);
  return still.has(word) ? dim(word) : yellow(word);
}
