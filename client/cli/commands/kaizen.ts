import { Argument, type Command } from 'commander';
import { defaultScope } from '../../../domain/kaizen-mode.js';
import { KaizenClient } from '../../kaizen-client.js';
import type { CliContext } from '../context.js';
import { describeKaizen } from '../kaizen-text.js';
import { bringUp } from '../services.js';
import { asker } from '../session-command.js';
import { parseCount, parseDuration } from '../units.js';

interface Options {
  lookEvery?: number;
  window?: number;
  minimumSessions?: number;
  atOnce?: number;
  json?: true;
}

export function addKaizen(program: Command, context: CliContext): void {
  program
    .command('kaizen')
    .description('the loop that looks for what can be improved: start, stop, status, look (now)')
    .addArgument(new Argument('[action]', 'what to do').choices(['start', 'stop', 'status', 'look']).default('status'))
    .option('--look-every <duration>', 'start: between two looks for opportunities (default: 1h)', parseDuration)
    .option('--window <duration>', 'start: how far back a look goes (default: 14d)', parseDuration)
    .option('--minimum-sessions <n>', 'start: fewest sessions that a rule judges (default: 50)', parseCount)
    .option('--at-once <n>', 'start: experiments at once (default: 5)', parseCount)
    .option('--json', 'print JSON')
    .action((action: string, options: Options) => act(context, action, options));
}

async function act(context: CliContext, action: string, options: Options): Promise<void> {
  if (action === 'start') await bringUp(context);
  const { by } = asker(context, {});
  const status = await KaizenClient.with(context.home, context.environment, async (client) => {
    if (action === 'start') return client.startKaizen(defaultScope, settingsOf(options), by);
    if (action === 'stop') return client.stopKaizen(defaultScope, by);
    if (action === 'look') await client.nudge(defaultScope, `asked for by ${by}`);
    return client.kaizenStatus(defaultScope);
  });
  if (options.json) context.printJson(status);
  else context.print(describeKaizen(status, Date.now()));
}

function settingsOf({ lookEvery, window, minimumSessions, atOnce }: Options) {
  return {
    ...(lookEvery === undefined ? {} : { lookEveryMs: lookEvery }),
    ...(window === undefined ? {} : { windowMs: window }),
    ...(minimumSessions === undefined ? {} : { minimumSessions }),
    ...(atOnce === undefined ? {} : { atOnce }),
  };
}
