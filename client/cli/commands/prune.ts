import type { Command } from 'commander';
import type { Forgotten } from '../../../analytics/outcomes/forgetting.js';
import { defaultRetention, leastOutcomeAgeMs, type Retention } from '../../../domain/retention.js';
import { listSessionFolders, SessionFolder } from '../../../host/session-folder.js';
import type { Pruned } from '../../../host/prune/prune-session.js';
import { BadInputError } from '../../errors.js';
import { forgetOutcomes } from '../../forget-outcomes.js';
import { checkName } from '../check-name.js';
import type { CliContext } from '../context.js';
import { explainAbsence } from '../explain-absence.js';
import { count, formatBytes, oneLine } from '../format.js';
import { durationOption } from '../duration-option.js';
import { parseCount, parseDuration } from '../units.js';

interface PruneOptions {
  keep?: number;
  /** ms. */
  closedFor: number;
  /** ms. */
  outcomes?: number;
  dryRun?: true;
  json?: true;
}

const defaultClosedForMs = 30 * 86_400_000;

const explanation = `
Removes, of sessions that are at rest on this machine: checkpoints beyond the retention (the newest 5, one an hour for 24 hours, one
a day for 30 days, at most 2 GB; the newest valid and pinned ones always stay), objects of SHIM's own git repository that nothing needs
any more, the raw output of attempts of closed sessions, and the whole folder of sessions that closed long ago. The tombstone that keeps
a stopped session from returning stays. A session that runs is left to its host worker, which prunes its checkpoints by itself.

--outcomes is for the store that the kaizen loop learns from, in PostgreSQL that of all machines. It forgets completed and stopped sessions that
closed longer ago than that, 56d at least, but none that an experiment has had which is not closed; what experiments have come to stays.
A file of SQLite keeps its size; the room in it is used again.`;

export function addPrune(program: Command, context: CliContext): void {
  program
    .command('prune')
    .description('free disk space: old checkpoints, the output and the folders of closed sessions; with --outcomes what they came to')
    .argument('[name]', 'this session alone')
    .option('--keep <n>', 'keep the newest n checkpoints of each session, instead of the retention', parseCount)
    .addOption(durationOption('--closed-for <duration>', 'remove the folders of sessions that closed longer ago than this', defaultClosedForMs))
    .option('--outcomes <duration>', 'forget what sessions came to that closed longer ago than this', parseDuration)
    .option('--dry-run', 'remove nothing, and say what would be')
    .option('--json', 'print JSON')
    .addHelpText('after', explanation)
    .action((name: string | undefined, options: PruneOptions) => prune(context, name === undefined ? null : checkName(name), options));
}

async function prune(context: CliContext, name: string | null, { keep, closedFor, outcomes, dryRun, json }: PruneOptions): Promise<void> {
  if (outcomes !== undefined && name !== null) throw new BadInputError('--outcomes is for all sessions: leave the name out');
  if (outcomes !== undefined && outcomes < leastOutcomeAgeMs) throw new BadInputError(`--outcomes: the kaizen loop needs what is younger than ${leastOutcomeAgeMs / 86_400_000}d`);
  const folders = name === null ? listSessionFolders(context.home) : [new SessionFolder(context.home, name)];
  if (name !== null && folders[0]?.spec() === null) return explainAbsence(context, name, 'prune');
  const { pruneSession } = await import('../../../host/prune/prune-session.js');
  const { pruneArchive } = await import('../../../host/prune/prune-archive.js');
  const isDryRun = dryRun === true;
  const retention: Retention = keep === undefined ? defaultRetention : { last: keep, hourly: 0, daily: 0 };
  const sessions: Pruned[] = [];
  for (const folder of folders) sessions.push(await pruneSession(context.home, folder, { retention, closedForMs: closedFor }, isDryRun));
  const archive = name === null ? await pruneArchive(context.home, closedFor, isDryRun) : { folders: [], bytes: 0 };
  const forgotten = outcomes === undefined ? null : await forgetOutcomes(context.home, context.environment, Date.now() - outcomes, isDryRun);
  const bytes = sessions.reduce((sum, each) => sum + each.bytes, archive.bytes);
  if (json) context.printJson({ dryRun: isDryRun, bytes, sessions, archive, outcomes: forgotten });
  else for (const line of describe(sessions, archive.folders.length, forgotten, bytes, isDryRun)) context.print(line);
}

function describe(sessions: readonly Pruned[], archived: number, forgotten: Forgotten | null, bytes: number, isDryRun: boolean): string[] {
  const lines = sessions.flatMap((pruned) => describeOne(pruned));
  if (archived > 0) lines.push(`archive: ${count(archived, 'folder')} of earlier sessions`);
  if (forgotten !== null && forgotten.sessions > 0) lines.push(`outcome store: ${count(forgotten.sessions, 'session')} with ${count(forgotten.attempts, 'attempt')}`);
  if (lines.length === 0) lines.push('nothing to remove');
  lines.push(isDryRun ? `nothing was removed; it would free about ${formatBytes(bytes)}` : `freed ${formatBytes(bytes)}`);
  return lines;
}

function describeOne({ session, checkpoints, outputs, isFolderGone, skipped }: Pruned): string[] {
  if (skipped !== null) return [`${session}: left alone, ${oneLine(skipped)}`];
  if (isFolderGone) return [`${session}: its folder`];
  const parts = [...(checkpoints.length > 0 ? [count(checkpoints.length, 'checkpoint')] : []), ...(outputs > 0 ? [`the output of ${count(outputs, 'attempt')}`] : [])];
  return parts.length > 0 ? [`${session}: ${parts.join(', ')}`] : [];
}
