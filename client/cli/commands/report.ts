import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { KaizenClient } from '../../kaizen-client.js';
import { experimentLooks } from '../../experiment-looks.js';
import { experimentPulse } from '../../experiment-pulse.js';
import type { CliContext } from '../context.js';
import { experimentId } from './experiments.js';

export function addReport(program: Command, context: CliContext): void {
  program
    .command('report')
    .description('write the report of an experiment: one HTML page with its evidence, guardrails and verdict')
    .argument('<id>', 'the experiment, as danger_zone/1')
    .option('--output <file>', 'where to (default: its id as a name, here)')
    .option('--json', 'print what is in it as JSON instead')
    .action((id: string, options: { output?: string; json?: true }) => report(context, experimentId(id), options));
}

async function report(context: CliContext, id: string, { output, json }: { output?: string; json?: true }): Promise<void> {
  const status = await KaizenClient.with(context.home, context.environment, (client) => client.experiment(id));
  const [looks, pulse] = await Promise.all([experimentLooks(context.home, context.environment, id), experimentPulse(context.home, context.environment, status)]);
  if (json) {
    context.printJson({ status, looks, pulse });
    return;
  }
  context.progress('drawing');
  const { renderExperimentPage } = await import('../../report/experiment-page.js');
  const path = resolve(output ?? `${id.replaceAll('/', '-')}.html`);
  writeFileSync(path, await renderExperimentPage(status, looks, pulse, Date.now()), { mode: 0o600 });
  context.print(path);
}
