import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { changesAnything, planFleet, type FleetPlan, type PresentMember } from '../../../domain/fleet-plan.js';
import { setFleetBudget } from '../../../host/budget/budget-settings.js';
import { ensureShimHome, hostId } from '../../../host/shim-home.js';
import type { FleetStatus } from '../../../workflows/fleet-messages.js';
import { withAccount } from '../../account-of.js';
import { namesTemporal } from '../../connection.js';
import { removeEnvironmentFile, replaceEnvironmentFile, writeEnvironmentFile } from '../../environment.js';
import { BadInputError, CommandRefusedError } from '../../errors.js';
import { FleetClient } from '../../fleet-client.js';
import { findLostMembers } from '../../lost-members.js';
import { wantedFleet, type WantedFleet } from '../../fleet-file/wanted-fleet.js';
import type { CliContext } from '../context.js';
import { oneLine } from '../format.js';
import { describeFleet, describePlan, progressLines } from '../fleet-text.js';
import { bringUp } from '../services.js';
import { asker } from '../session-command.js';
import { durationOption } from '../duration-option.js';

interface Options {
  dryRun?: true;
  wait: boolean;
  timeout: number;
  json?: true;
}

const defaultTimeoutMs = 600_000;

const explanation = `
A member with another agent, command or folder is other work: it gets a new session. One with other bounds, budgets, variables or settings
goes on changed: a checkpoint, and another attempt of the same session, which keeps its conversation; one that is paused stays so until it is
resumed. Values of variables are taken from this shell when a member is started or changed. Sessions of the fleet that have lost it (its
workflow was terminated, or made anew by shim up --rebuild) are taken over as they are. Sessions that a person began are left alone: a member
cannot have the name of one.`;

export function addApply(program: Command, context: CliContext): void {
  program
    .command('apply')
    .description('make a fleet what its file says: starts what is new, stops what is gone, restarts what has changed; starts SHIM too where it is not up')
    .argument('<file>', 'the file, as shim.yaml; deploy/shim.schema.json says what it may hold')
    .option('--dry-run', 'say what would change, and change nothing')
    .option('--no-wait', 'return once the fleet has accepted it')
    .addOption(durationOption('--timeout <duration>', 'how long to wait until all is as it should be (exit code 5 past it)', defaultTimeoutMs))
    .option('--json', 'print JSON')
    .addHelpText('after', explanation)
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
  const plan = neverUp ? planFleet(null, wanted.settings, wanted.members) : (await FleetClient.with(context.home, context.environment, (client) => planWith(context, client, wanted, file))).plan;
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
  const { present, known, lost, plan } = await planWith(context, client, wanted, file);
  const { name, settings } = wanted;
  if (!options.json) context.print(describePlan(plan, name, context.colours));
  if (changesAnything(plan)) {
    const taken = lost.map(({ isUnknown: _isUnknown, ...member }) => member);
    const input = { basedOn: present?.generation ?? 0, settings, members: plan.members, by: asker(context, {}).by, ...(taken.length > 0 ? { taken } : {}) };
    await withEnvironment(context, plan, () => client.apply(name, hostId(context.home), input));
  }
  let seen = present;
  const status = options.wait
    ? await client.waitUntilSettled(name, options.timeout, (now) => {
        for (const line of progressLines(seen, now)) context.progress(line);
        seen = now;
      })
    : await client.status(name);
  const gone = new Set(status.members.map(({ spec }) => spec.sessionId));
  for (const { spec } of known) if (!gone.has(spec.sessionId) && !status.leaving.includes(spec.name)) removeEnvironmentFile(context.home, spec.sessionId);
  if (options.json) context.printJson({ ...summary(name, plan), state: status.state, reason: status.reason });
  else context.print(`\n${describeFleet(status, client.uiUrl(name), Date.now(), context)}`);
  return status;
}

/** The values of what begins, or goes on changed, go to this machine's disk first; it is as it was where the fleet refuses. */
async function withEnvironment(context: CliContext, { members, changes }: FleetPlan, work: () => Promise<unknown>): Promise<void> {
  ensureShimHome(context.home);
  const specOf = new Map(members.map(({ spec }) => [spec.name, spec]));
  const undo: (() => void)[] = [];
  try {
    for (const change of changes) {
      const spec = specOf.get(change.name);
      if (!spec || change.kind === 'stop' || change.kind === 'take') continue;
      const { sessionId, environmentNames } = spec;
      if (change.kind === 'restart' && change.goesOn) undo.push(replaceEnvironmentFile(context.home, sessionId, environmentNames, context.environment));
      else {
        writeEnvironmentFile(context.home, sessionId, environmentNames, context.environment);
        undo.push(() => removeEnvironmentFile(context.home, sessionId));
      }
    }
    await work();
  } catch (error) {
    for (const step of undo.toReversed()) step();
    throw error;
  }
}

/** What there is of a fleet, and what is to become of it. */
interface Planned {
  /** Null where its workflow is not there. */
  present: FleetStatus | null;
  known: readonly PresentMember[];
  /** Those of the known ones that its workflow does not know of. */
  lost: readonly PresentMember[];
  plan: FleetPlan;
}

/** @throws BadInputError where a member would have the name of a session that is not of the fleet. */
async function planWith({ home }: CliContext, client: FleetClient, { name, settings, members }: WantedFleet, file: string): Promise<Planned> {
  const present = await client.open(name);
  const lost = await findLostMembers(client, home, name, present, members);
  const names = new Set(lost.map(({ spec }) => spec.name));
  const known = [...(present?.members ?? []).filter(({ spec }) => !names.has(spec.name)), ...lost];
  const plan = planFleet(present || lost.length > 0 ? { settings: present?.settings ?? settings, members: known } : null, settings, members);
  const begun = plan.changes.flatMap((change) => (change.kind === 'start' ? change.name : []));
  const strangers = new Set(begun.length > 0 ? await client.openSessions() : []);
  const taken = begun.find((each) => strangers.has(each));
  if (taken !== undefined) throw new BadInputError(`${file}: there is a session ${taken} already that is not of fleet ${name}; name the member otherwise, or end that one first: shim stop ${taken}`);
  return { present, known, lost, plan };
}

function summary(fleet: string, { changes, settings, unchanged }: FleetPlan): object {
  return { fleet, changes, settings, unchanged };
}
