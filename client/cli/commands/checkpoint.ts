import type { Command } from 'commander';
import { formatDuration } from '../../../domain/duration.js';
import { SessionFolder } from '../../../host/session-folder.js';
import { listCheckpoints, newestCheckpoint } from '../../checkpoint-list.js';
import { CommandRefusedError } from '../../errors.js';
import { ShimClient } from '../../shim-client.js';
import { checkCheckpointId, checkName } from '../check-name.js';
import { count } from '../format.js';
import { explainAbsence } from '../explain-absence.js';
import type { CliContext } from '../context.js';
import { asker, sessionCommand, type CommandOptions } from '../session-command.js';

interface CheckpointOptions extends CommandOptions {
  verify?: string | true;
}

export function addCheckpoint(program: Command, context: CliContext): void {
  sessionCommand(program, 'checkpoint', 'make a checkpoint now and print its id, or prove one', 'one')
    .option('--verify [checkpoint]', 'make none, but prove one (default: the newest) by restoring it into a scratch folder and comparing; a bad one is used no more')
    .action((name: string, { verify, ...options }: CheckpointOptions) =>
      verify === undefined ? makeCheckpoint(context, name, options) : verifyCheckpoint(context, checkName(name), verify === true ? null : checkCheckpointId(name, verify), options),
    );
}

/** Needs no service: the checkpoints lie in this machine's folders. */
async function verifyCheckpoint(context: CliContext, name: string, id: string | null, { json }: CommandOptions): Promise<void> {
  const folder = new SessionFolder(context.home, name);
  const spec = folder.spec();
  if (!spec) return explainAbsence(context, name, 'checkpoint --verify');
  const newest = id ?? newestCheckpoint(folder)?.id;
  if (newest === undefined) throw new CommandRefusedError(`${name} has no checkpoint yet`);
  if (id !== null && !listCheckpoints(folder).some((each) => each.id === id)) throw new CommandRefusedError(`${name} has no checkpoint ${id}; shim checkpoints ${name} lists them`);
  const { verifyHere } = await import('../../../host/checkpoints/verify-here.js');
  const verified = await verifyHere(folder, spec.cwd, newest);
  if (!verified) throw new CommandRefusedError(`${newest} of ${name} was pruned meanwhile`);
  if (json) context.printJson({ name, ...verified });
  if (verified.problem !== null) throw new CommandRefusedError(`${newest} of ${name} is bad: ${verified.problem}`);
  if (!json) context.print(`${newest} is whole: ${count(verified.files, 'file')}, ${count(verified.messages, 'message')}, restored and compared in ${formatDuration(verified.durationMs)}`);
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
