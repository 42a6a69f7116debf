import type { Command } from 'commander';
import type { CliContext } from '../context.js';
import type { Finding } from '../doctor/finding.js';
import { exitCodes } from '../exit-codes.js';
import { oneLine } from '../format.js';
import { stateColour } from '../state-colour.js';
import { renderTable } from '../table.js';

export function addDoctor(program: Command, context: CliContext): void {
  program
    .command('doctor')
    .description('look whether this machine has what SHIM needs; exit code 1 if something fails')
    .option('--json', 'print JSON')
    .action((options: { json?: true }) => examine(context, options));
}

async function examine(context: CliContext, { json }: { json?: true }): Promise<void> {
  const findings = await findAll(context);
  if (json) context.printJson(findings);
  else context.print(renderTable(['', 'WHAT', 'FOUND', 'WHAT TO DO'], findings.map(({ verdict, name, found, remedy }) => [stateColour(verdict, context.colours), name, oneLine(found, 80), remedy ?? ''])));
  if (findings.some(({ verdict }) => verdict === 'fail')) process.exitCode = exitCodes.failure;
}

async function findAll(context: CliContext): Promise<Finding[]> {
  // Loaded here: no other command needs them.
  const [{ checkAgents, checkPrograms }, machine, temporal, { checkPorts }, { checkPrometheus, checkStatsig }, { checkStore }] = await Promise.all([import('../doctor/programs.js'), import('../doctor/machine.js'), import('../doctor/temporal.js'), import('../doctor/ports.js'), import('../doctor/analytics.js'), import('../doctor/store.js')]);
  const [programs, services, lease, agents, ports, statsig, prometheus, store] = await Promise.all([
    checkPrograms(context.environment),
    temporal.checkServices(context),
    temporal.checkLease(context),
    checkAgents(context.environment),
    checkPorts(context),
    checkStatsig(context),
    checkPrometheus(context),
    checkStore(context),
  ]);
  return [...programs, machine.checkHome(context.home), machine.checkDisk(context.home), machine.checkCgroup(), ...ports, ...services, lease, store, statsig, ...agents, prometheus];
}
