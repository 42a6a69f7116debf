import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import type { ExperimentStatus } from '../../../domain/experiments/experiment.js';
import { KaizenClient } from '../../kaizen-client.js';
import { describeArms } from '../../report/arms-line.js';
import { showParameterValue } from '../../parameter-values.js';
import { formatTimes } from '../../report/plain-verdict.js';
import type { CliContext } from '../context.js';
import { describeExperiment } from '../experiment-text.js';
import { formatWhen } from '../format.js';
import { renderTable } from '../table.js';

const followPollMs = 500;

export function addExperiments(program: Command, context: CliContext): void {
  program
    .command('experiments')
    .description('show all experiments, or one with its evidence so far')
    .argument('[id]', 'the experiment, as experiment/danger_zone/1 or danger_zone/1')
    .option('-f, --follow', 'with an id: print each change of its evidence or phase until it has closed')
    .option('--json', 'print JSON')
    .action((id: string | undefined, { follow, ...options }: { follow?: true; json?: true }, command: Command) => {
      if (id === undefined) return follow ? command.error('shim experiments --follow takes an id') : showAll(context, options);
      return follow ? followOne(context, experimentId(id), options) : showOne(context, experimentId(id), options);
    });
}

async function followOne(context: CliContext, id: string, { json }: { json?: true }): Promise<void> {
  await KaizenClient.with(context.home, context.environment, async (client) => {
    for (let shown = ''; ; await delay(followPollMs)) {
      const status = await client.experiment(id);
      const line = describeArms(status);
      if (line !== shown && json) context.print(JSON.stringify(status));
      else if (line !== shown) context.print(line);
      shown = line;
      if (status.conclusion !== null) return;
    }
  });
}

/** With or without the word that its workflow's id begins with. */
export function experimentId(text: string): string {
  return text.startsWith('experiment/') ? text : `experiment/${text}`;
}

async function showAll(context: CliContext, { json }: { json?: true }): Promise<void> {
  const statuses = await KaizenClient.with(context.home, context.environment, (client) => client.experiments());
  if (json) context.printJson(statuses);
  else if (statuses.length === 0) context.print('no experiments yet; what the loop would try: shim kaizen status');
  else context.print(renderTable(['EXPERIMENT', 'CHANGE', 'PHASE', 'SESSIONS', 'EVIDENCE', 'NEEDS', 'BEGUN', 'WHY'], statuses.map((status) => row(status, Date.now()))));
}

function row({ plan, phase, conclusion, look, startedAtMs, reason }: ExperimentStatus, nowMs: number): string[] {
  const show = (value: typeof plan.control) => showParameterValue(plan.parameter, value);
  const units = look === null ? 0 : look.arms.control.units + look.arms.treatment.units;
  const evidence = look === null ? '-' : formatTimes(look.logEValue);
  return [plan.id, `${show(plan.control)} -> ${show(plan.treatment)}`, conclusion ?? phase, `${units} of ${plan.plannedUnits}`, evidence, formatTimes(-Math.log(plan.alpha)), formatWhen(new Date(startedAtMs).toISOString(), nowMs), reason.slice(0, 60)];
}

async function showOne(context: CliContext, id: string, { json }: { json?: true }): Promise<void> {
  const { status, uiUrl } = await KaizenClient.with(context.home, context.environment, async (client) => ({ status: await client.experiment(id), uiUrl: client.uiUrl(id) }));
  if (json) context.printJson(status);
  else context.print(describeExperiment(status, uiUrl, Date.now()));
}
