import type { Command } from 'commander';
import { CommandRefusedError } from '../../errors.js';
import { ShimClient } from '../../shim-client.js';
import { checkName } from '../check-name.js';
import type { CliContext } from '../context.js';
import { asker, sessionCommand, type CommandOptions } from '../session-command.js';

export function addCheckpoint(program: Command, context: CliContext): void {
  sessionCommand(program, 'checkpoint', 'make a checkpoint now and print its id').action((name: string, options: CommandOptions) => makeCheckpoint(context, name, options));
}

async function makeCheckpoint(context: CliContext, name: string, options: CommandOptions): Promise<void> {
  checkName(name);
  const client = await ShimClient.connect(context.home, context.environment);
  try {
    const result = await client.checkpointNow(name, asker(context, options));
    context.progress(result.message);
    if (!options.wait) {
      if (options.json) context.printJson({ name, ...result });
      return;
    }
    const { checkpoint, checkpointProblem } = await client.waitForCheckpoint(name, options.timeout);
    if (checkpointProblem !== null) throw new CommandRefusedError(`no checkpoint of ${name} was made: ${checkpointProblem}`);
    if (!checkpoint) throw new CommandRefusedError(`no checkpoint of ${name} was made; see: shim why ${name}`);
    if (options.json) context.printJson({ name, id: checkpoint.id, at: new Date(checkpoint.atMs).toISOString() });
    else context.print(checkpoint.id);
  } finally {
    await client.close();
  }
}
