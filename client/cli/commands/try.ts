import { InvalidArgumentError, type Command } from 'commander';
import { defaultScope } from '../../../domain/kaizen-mode.js';
import { ParameterValueError } from '../../../domain/parameter-table.js';
import { BadInputError } from '../../errors.js';
import { KaizenClient } from '../../kaizen-client.js';
import { parameterNamed, readParameterValue } from '../../parameter-values.js';
import type { CliContext } from '../context.js';
import { oneLine } from '../format.js';
import { parseCount } from '../units.js';

const defaultSessions = 400;

export function addTry(program: Command, context: CliContext): void {
  program
    .command('try')
    .description('start an experiment by hand: half of the new sessions get this value, and the better one stays')
    .argument('<parameter>', 'the parameter; shim parameters shows all')
    .argument('<value>', 'what to try (5m, 0.6, native)')
    .option('--sessions <n>', 'how many have to count before it may be deployed', parseSessions, defaultSessions)
    .option('--hypothesis <text>', 'what you expect, for its report')
    .option('--json', 'print JSON')
    .action(async (name: string, text: string, options: { sessions: number; hypothesis?: string; json?: true }) => {
      const parameter = parameterNamed(name);
      const value = readParameterValue(parameter, text);
      const hypothesis = oneLine(options.hypothesis ?? `${parameter} ${text} is better`, 300);
      const id = await KaizenClient.with(context.home, context.environment, (client) => client.tryValue(defaultScope, { parameter, value, units: options.sessions, hypothesis })).catch(asBadInput);
      if (options.json) context.printJson({ id });
      else context.print(`${id} has begun; see: shim experiments ${id.replace('experiment/', '')}`);
    });
}

function parseSessions(text: string): number {
  const sessions = parseCount(text);
  if (sessions < 2) throw new InvalidArgumentError('Give 2 or more.');
  return sessions;
}

function asBadInput(error: unknown): never {
  throw error instanceof ParameterValueError ? new BadInputError(error.message) : error;
}
