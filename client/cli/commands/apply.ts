import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { changesAnything, planFleet, type FleetPlan } from '../../../domain/fleet-plan.js';
import { setFleetBudget } from '../../../host/budget/budget-settings.js';
import { ensureShimHome, hostId } from '../../../host/shim-home.js';
import type { FleetStatus } from '../../../workflows/fleet-messages.js';
import { withAccount } from '../../account-of.js';
import { namesTemporal } from '../../connection.js';
import { removeEnvironmentFile, writeEnvironmentFile } from '../../environment.js';
import { BadInputError, CommandRefusedError } from '../../errors.js';
import { FleetClient } from '../../fleet-client.js';
import { wantedFleet, type WantedFleet } from '../../fleet-file/wanted-fleet.js';
import type { CliContext } from '../context.js';
import { oneLine } from '../format.js';
import { describeFleet, describePlan, progressLines } from '../fleet-text.js';
import { bringUp } from '../services.js';
import { asker } from '../session-command.js';
import { parseDuration } from '../units.js';

interface Options {
  dryRun?: true;
  wait: boolean;
  timeout: number;
  json?: true;
}

const defaultTimeoutMs = 600_000;

export function addApply(program: Command, context: CliContext): void {
  program
    .command('apply')
    .description('make a fleet what its file says: starts what is new, stops what is gone, restarts what has changed; starts SHIM too where it is not up')
    .argument('<file>', 'the file, as shim.yaml; deploy/shim.schema.json says what it may hold')
    .option('--dry-run', 'say what would change, and change nothing')
    .option('--no-wait', 'return once the fleet has accepted it')
    .option('--timeout <duration>', 'how long to wait until all is as it should be (exit code 5 past it)', parseDuration, defaultTimeoutMs)
    .option('--json', 'print JSON')
    .addHelpText('after', '\nA member whose command, folder or limits have changed gets a new session. Values of variables are taken from this shell\nwhen a member is started. Sessions that a person began are left alone: a member cannot have the name of one.')
    .action((file: string, options: Options) => (options.dryRun ? showPlan(context, file, options) : apply(context, file, options)));
}

export function addDiff(program: Command, context: CliContext): void {
  program
    .command('diff')
    .description('say what shim apply would change')
    .argument('<file>', 'the file, as shim.yaml')
    .option('--json', 'print JSON')
    .action((file: string, options: { json?: true }) => showPlan(context, file, options));
}

async function showPlan(context: CliContext, file: string, { json }: { json?: true }): Promise<void> {
  const wanted = wantedFleet(file, context.environment);
  const neverUp = !namesTemporal(context.environment) && !existsSync(join(context.home, 'temporal'));
  const plan = neverUp ? planFleet(null, wanted.settings, wanted.members) : (await FleetClient.with(context.home, context.environment, (client) => planWith(client, wanted, file))).plan;
  if (json) context.printJson(summary(wanted.name, plan));
  else context.print(describePlan(plan, wanted.name, context.colours));
}

async function apply(context: CliContext, file: string, options: Options): Promise<void> {
  const wanted = wantedFleet(file, context.environment);
  await bringUp(context);
  setFleetBudget(context.home, wanted.name, wanted.budget);
  const payable = { ...wanted, members: wanted.members.map((member) => ({ ...member, spec: withAccount(context.home, member.spec, context.environment) })) };
  const status = await FleetClient.with(context.home, context.environment, (client) => converge(context, client, payable, file, options));
  if (status.state === 'failed') throw new CommandRefusedError(`fleet ${wanted.name} has failed: ${oneLine(status.reason)}; mend the cause, then: shim fleet ${wanted.name} reset`);
  const failed = options.wait ? status.members.find((member) => member.state === 'failed') : undefined;
  if (failed) throw new CommandRefusedError(`${failed.spec.name} has failed: ${oneLine(failed.reason)}; see: shim why ${failed.spec.name}`);
}

async function converge(context: CliContext, client: FleetClient, wanted: WantedFleet, file: string, options: Options): Promise<FleetStatus> {
  const { present, plan } = await planWith(client, wanted, file);
  const { name, settings } = wanted;
  if (!options.json) context.print(describePlan(plan, name, context.colours));
  if (changesAnything(plan)) {
    const begun = new Set(plan.changes.flatMap((change) => (change.kind === 'stop' ? [] : change.name)));
    await withEnvironment(context, plan, begun, () => client.apply(name, hostId(context.home), { basedOn: present?.generation ?? 0, settings, members: plan.members, by: asker(context, {}).by }));
  }
  let seen = present;
  const status = options.wait
    ? await client.waitUntilSettled(name, options.timeout, (now) => {
        for (const line of progressLines(seen, now)) context.progress(line);
        seen = now;
      })
    : await client.status(name);
  const gone = new Set(status.members.map(({ spec }) => spec.sessionId));
  for (const { spec } of present?.members ?? []) if (!gone.has(spec.sessionId) && !status.leaving.includes(spec.name)) removeEnvironmentFile(context.home, spec.sessionId);
  if (options.json) context.printJson({ ...summary(name, plan), state: status.state, reason: status.reason });
  else context.print(`\n${describeFleet(status, client.uiUrl(name), Date.now(), context)}`);
  return status;
}

/** The values of what begins go to this machine's disk first; they are taken away again where the fleet refuses. */
async function withEnvironment(context: CliContext, { members }: FleetPlan, begun: ReadonlySet<string>, work: () => Promise<unknown>): Promise<void> {
  ensureShimHome(context.home);
  const specs = members.map(({ spec }) => spec).filter(({ name }) => begun.has(name));
  for (const { sessionId, environmentNames } of specs) writeEnvironmentFile(context.home, sessionId, environmentNames, context.environment);
  try {
    await work();
  } catch (error) {
    for (const { sessionId } of specs) removeEnvironmentFile(context.home, sessionId);
    throw error;
  }
}

/** @throws BadInputError where a member would have the name of a session that is not of the fleet. */
async function planWith(client: FleetClient, { name, settings, members }: WantedFleet, file: string): Promise<{ present: FleetStatus | null; plan: FleetPlan }> {
  const present = await client.open(name);
  const plan = planFleet(present, settings, members);
  const begun = plan.changes.flatMap((change) => (change.kind === 'start' ? change.name : []));
  const strangers = new Set(begun.length > 0 ? await client.openSessions() : []);
  const taken = begun.find((each) => strangers.has(each));
  if (taken !== undefined) throw new BadInputError(`${file}: there is a session ${taken} already that is not of fleet ${name}; name the member otherwise, or end that one first: shim stop ${taken}`);
  return { present, plan };
}

function summary(fleet: string, { changes, settings, unchanged }: FleetPlan): object {
  return { fleet, changes, settings, unchanged };
}
