import { Argument, type Command } from 'commander';
import type { FleetStatus } from '../../../workflows/fleet-messages.js';
import { removeEnvironmentFile } from '../../environment.js';
import { CommandRefusedError } from '../../errors.js';
import { FleetClient } from '../../fleet-client.js';
import { checkName } from '../check-name.js';
import type { CliContext } from '../context.js';
import { describeFleet, fleetTable, progressLines } from '../fleet-text.js';
import { asker } from '../session-command.js';
import { durationOption } from '../duration-option.js';

interface Options {
  reason?: string;
  wait: boolean;
  timeout: number;
  json?: true;
}

const defaultTimeoutMs = 600_000;

/** `shim fleet [NAME] [ACTION]`: the name comes first, as with parameters and experiments. */
export function addFleet(program: Command, context: CliContext): void {
  program
    .command('fleet')
    .description('show all fleets, or one on one screen; stop: end its members, the last first; reset: go on after it was given up')
    .argument('[name]', 'the fleet')
    .addArgument(new Argument('[action]', 'what to do with it').choices(['status', 'stop', 'reset']).default('status'))
    .option('--reason <text>', 'why, for the history')
    .option('--no-wait', 'stop, reset: return as soon as the fleet has accepted it')
    .addOption(durationOption('--timeout <duration>', 'stop, reset: how long to wait until it took effect (exit code 5 past it)', defaultTimeoutMs))
    .option('--json', 'print JSON')
    .action((name: string | undefined, action: string, options: Options) => (name === undefined ? showAll(context, options) : act(context, checkName(name), action, options)));
}

async function showAll(context: CliContext, { json }: Options): Promise<void> {
  const fleets = await FleetClient.with(context.home, context.environment, (client) => client.list());
  if (json) context.printJson(fleets);
  else if (fleets.length === 0) context.print('no fleets; begin one: shim apply shim.yaml');
  else context.print(fleetTable(fleets, context));
}

async function act(context: CliContext, name: string, action: string, options: Options): Promise<void> {
  const status = await FleetClient.with(context.home, context.environment, async (client) => {
    const before = action === 'status' ? null : await client.open(name);
    if (action === 'stop' && before) await client.stop(name, asker(context, options));
    if (action === 'reset') {
      if (!before) throw new CommandRefusedError(`fleet ${name} is not there to be reset; begin it: shim apply FILE`);
      await client.reset(name, asker(context, options));
    }
    const after = before && options.wait ? await settled(context, client, name, options, before) : await client.status(name);
    if (options.json) context.printJson(after);
    else context.print(describeFleet(after, client.uiUrl(name), Date.now(), context));
    return after;
  });
  // The host has taken away what belonged to sessions that were begun; those that never were have theirs still.
  if (status.state === 'stopped') for (const { spec } of status.members) removeEnvironmentFile(context.home, spec.sessionId);
}

async function settled(context: CliContext, client: FleetClient, name: string, { timeout }: Options, before: FleetStatus): Promise<FleetStatus> {
  let seen = before;
  return client.waitUntilSettled(name, timeout, (now) => {
    for (const line of progressLines(seen, now)) context.progress(line);
    seen = now;
  });
}
