import { Argument, type Command } from 'commander';
import { defaultScope } from '../../../domain/kaizen-mode.js';
import { formatDuration } from '../../../domain/duration.js';
import type { KaizenStatus } from '../../../workflows/kaizen-messages.js';
import { KaizenClient } from '../../kaizen-client.js';
import { showParameterValue } from '../../parameter-values.js';
import type { CliContext } from '../context.js';
import { formatWhen, oneLine } from '../format.js';
import { bringUp } from '../services.js';
import { asker } from '../session-command.js';
import { renderPairs, renderTable } from '../table.js';
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
  else context.print(describe(status, Date.now()));
}

function settingsOf({ lookEvery, window, minimumSessions, atOnce }: Options) {
  return {
    ...(lookEvery === undefined ? {} : { lookEveryMs: lookEvery }),
    ...(window === undefined ? {} : { windowMs: window }),
    ...(minimumSessions === undefined ? {} : { minimumSessions }),
    ...(atOnce === undefined ? {} : { atOnce }),
  };
}

function describe({ state, reason, looks, lastLookAtMs, nextLookAtMs, settings, experiments, found, notFound }: KaizenStatus, nowMs: number): string {
  const at = (atMs: number | null) => formatWhen(atMs === null ? null : new Date(atMs).toISOString(), nowMs);
  const parts = [
    renderPairs([
      ['kaizen loop', `${state}: ${oneLine(reason)}`],
      ['looks', `${looks}, the last ${at(lastLookAtMs)}, the next ${at(nextLookAtMs)} (every ${formatDuration(settings.lookEveryMs)}, ${formatDuration(settings.windowMs)} back)`],
      ['experiments', experiments.length === 0 ? `none open; at most ${settings.atOnce} at once` : experiments.join(', ')],
    ]),
  ];
  if (found.length > 0) parts.push(renderTable(['FOUND', 'PARAMETER', 'CHANGE', 'WHY', 'DONE'], found.map(({ opportunity, action }) => [opportunity.type, opportunity.parameter, `${showParameterValue(opportunity.parameter, opportunity.currentValue)} -> ${showParameterValue(opportunity.parameter, opportunity.proposedValue)}`, oneLine(opportunity.pattern, 90), oneLine(action, 120)])));
  if (notFound.length > 0) parts.push(renderTable(['LOOKED AT', 'VERDICT', 'WHY'], notFound.map(({ type, verdict, message }) => [type, verdict, oneLine(message, 120)])));
  if (found.length === 0 && notFound.length === 0) parts.push('It has not looked yet; make it: shim kaizen look');
  return parts.join('\n\n');
}
