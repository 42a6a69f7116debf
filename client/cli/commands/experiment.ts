import { Argument, type Command } from 'commander';
import type { ExperimentStatus } from '../../../domain/experiments/experiment.js';
import { KaizenClient } from '../../kaizen-client.js';
import type { CliContext } from '../context.js';
import { asker } from '../session-command.js';
import { parseDuration } from '../units.js';
import { experimentId } from './experiments.js';

const actions = ['approve', 'pause', 'resume', 'extend', 'abort'] as const;
type Action = (typeof actions)[number];

interface Options {
  reason?: string;
  json?: true;
}

/** `shim experiment ID ACTION`: a person's word in an experiment. */
export function addExperiment(program: Command, context: CliContext): void {
  program
    .command('experiment')
    .description('steer an experiment: approve, pause, resume, extend DURATION, abort; shim experiments ID shows it')
    .argument('<id>', 'the experiment, as danger_zone/1')
    .addArgument(new Argument('<action>', 'what to do').choices([...actions]))
    .argument('[duration]', 'for extend: how much later it has to be decided', parseDuration)
    .option('--reason <text>', 'why, for its report')
    .option('--json', 'print JSON')
    .action(async (id: string, action: Action, durationMs: number | undefined, options: Options, command: Command) => {
      if (action === 'extend' && durationMs === undefined) command.error('shim experiment ID extend takes a duration, as 7d');
      const { by, reason = 'by hand' } = asker(context, options);
      const status = await KaizenClient.with(context.home, context.environment, (client) => tell(client, experimentId(id), action, { by, reason, deadlineMs: durationMs ?? 0 }));
      if (options.json) context.printJson(status);
      else context.print(`${status.plan.id} is ${status.conclusion ?? status.phase}: ${status.reason}`);
    });
}

function tell(client: KaizenClient, id: string, action: Action, { by, reason, deadlineMs }: { by: string; reason: string; deadlineMs: number }): Promise<ExperimentStatus> {
  switch (action) {
    case 'approve':
      return client.approve(id, { by });
    case 'pause':
      return client.pause(id, { by, reason });
    case 'resume':
      return client.resume(id, { by });
    case 'extend':
      return client.extend(id, { by, deadlineMs });
    case 'abort':
      return client.abort(id, { by, reason });
  }
}
