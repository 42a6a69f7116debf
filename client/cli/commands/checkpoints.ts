import type { Command } from 'commander';
import { formatDuration } from '../../../domain/duration.js';
import { SessionFolder } from '../../../host/session-folder.js';
import { listCheckpoints, type ListedCheckpoint } from '../../checkpoint-list.js';
import { findSession } from '../../session-directory.js';
import { checkName } from '../check-name.js';
import type { CliContext } from '../context.js';
import { count, formatWhen, oneLine } from '../format.js';
import { renderTable } from '../table.js';

export function addCheckpoints(program: Command, context: CliContext): void {
  program
    .command('checkpoints')
    .description('list the checkpoints of a session')
    .argument('<name>', 'the session')
    .option('--json', 'print JSON')
    .action((name: string, options: { json?: true }) => showCheckpoints(context, checkName(name), options));
}

async function showCheckpoints(context: CliContext, name: string, { json }: { json?: true }): Promise<void> {
  const folder = new SessionFolder(context.home, name);
  const checkpoints = listCheckpoints(folder);
  if (folder.spec() === null) {
    const { value, warning } = await findSession(context.home, name, context.environment);
    if (warning !== null) context.warn(warning);
    context.warn(`the checkpoints of ${name} are on host ${value.view.host ?? 'unknown'}; run shim checkpoints there`);
  }
  if (json) context.printJson(checkpoints.map(({ id, manifest, bad }) => ({ id, readable: manifest !== null, bad, manifest })));
  else if (checkpoints.length === 0) context.print('no checkpoints yet');
  else context.print(renderTable(['ID', 'MADE', 'TRIGGER', 'ATTEMPT', 'FILES', 'TRANSCRIPT', 'IN FLIGHT', 'TOOK'], checkpoints.map((each) => row(each, Date.now()))));
}

function row({ id, manifest, bad }: ListedCheckpoint, nowMs: number): string[] {
  if (!manifest) return [id, '-', 'torn or altered: it is never used', '-', '-', '-', '-', '-'];
  if (bad !== null) return [id, formatWhen(manifest.createdAt, nowMs), `bad, and used no more: ${oneLine(bad, 60)}`, '-', '-', '-', '-', '-'];
  const { createdAt, trigger, epoch, tree, transcript, pending, durationMs } = manifest;
  const lines = transcript ? count(transcript.messages, 'message') : '-';
  return [id, formatWhen(createdAt, nowMs), trigger, String(epoch), String(tree.files), lines, String(pending.length), formatDuration(durationMs)];
}
