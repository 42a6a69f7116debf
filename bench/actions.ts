import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { leaseBeatMs } from '../activities/lease-activities.js';
import { defaultKaizenSettings } from '../domain/experiments/kaizen-settings.js';
import { parameterNames } from '../domain/parameter-table.js';
import { projectRoot } from '../test/support/project-root.js';
import { actionsPerRound, countActions, priceOf, total, type BilledEvent } from './billable-actions.js';

const hour = 3_600_000;
const day = 24 * hour;
const daysPerMonth = 30;

/** What a month is assumed to be like. */
const sessionHours = 4;
const restartsPerSession = 2;
const sessionsPerHost = 50;
const months = [
  { sessions: 10, experiments: 0 },
  { sessions: 1_000, experiments: 1 },
  { sessions: 100_000, experiments: defaultKaizenSettings.atOnce },
] as const;

/** What each thing costs, Actions. */
interface Costs {
  session: number;
  restart: number;
  hostHour: number;
  kaizenDay: number;
  experimentDay: number;
  /** Of an experiment, beside its looks: on it, on its parameter, and on the ledger. */
  experiment: number;
}

/** What SHIM costs on Temporal Cloud in Actions: counted in the recorded histories, with what leaves no event added from what is configured. */
export function benchActions(): Promise<void> {
  const costs = measure();
  console.log(`| a month of | sessions | restarts | leases | kaizen loop | experiments | Actions | USD |\n|---|---|---|---|---|---|---|---|`);
  for (const { sessions, experiments } of months) {
    const hosts = Math.max(1, Math.ceil((sessions * sessionHours) / (daysPerMonth * 24) / sessionsPerHost));
    const of = {
      sessions: sessions * costs.session,
      restarts: sessions * restartsPerSession * costs.restart,
      leases: hosts * daysPerMonth * 24 * costs.hostHour,
      loop: daysPerMonth * costs.kaizenDay,
      experiments: experiments * (costs.experiment + daysPerMonth * costs.experimentDay),
    };
    const actions = Object.values(of).reduce((sum, each) => sum + each, 0);
    const row = [`${whole(sessions)} sessions, ${plural(hosts, 'host')}, ${plural(experiments, 'experiment')}`, ...Object.values(of).map(whole), whole(actions), priceOf(actions).toFixed(2)];
    console.log(`| ${row.join(' | ')} |`);
  }
  console.log(
    `actions: assumed: sessions of ${sessionHours} h with ${restartsPerSession} restarts each, ${sessionsPerHost} at once on a host, hosts and the loop up for all of ${daysPerMonth} days, an experiment a month in each place; ` +
      'Pay-As-You-Go of the Business plan, 50 USD a million falling to 25 above 100 million, without storage, fee and included Actions',
  );
  return Promise.resolve();
}

function measure(): Costs {
  const completed = actionsOf('session-revision-1-completed');
  const running = actionsOf('session-revision-1-running');
  const restart = actionsOf('session-revision-1-restarted') - completed;
  // Two crashes: the first restart comes at once.
  const backedOff = actionsOf('session-revision-1-backed-off') - actionsOf('session-revision-1-restarted-running');
  // Its session asks the account before its first attempt, too.
  const limitWait = actionsOf('session-account-let-go') - running - 1;
  // Its three members are begun as children, which is a start of each.
  const members = read('fleet-started').filter(({ eventType }) => eventType === 'EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED').length;
  const push = actionsOf('session-parameters-changed') - actionsOf('session-state-running');
  const hostHour = hour / leaseBeatMs;
  const look = lookOf('experiment-running');
  const { lookEveryMs, experiment } = defaultKaizenSettings;
  // The loop's own round, an update and a read of each parameter's entity, and a query of the ledger, which leaves no event.
  const kaizenLook = actionsPerRound(read('kaizen-looked-by-timer'), isCall('survey')) + parameterNames.length * actionsPerRound(read('parameter-refreshed'), isUpdate) + 1;
  const kept = read('experiment-kept');
  const ofExperiment = total(countActions(kept)) - kept.filter(isCall('lookAtExperiment')).length * look + actionsOf('experiment-kept-parameter') + actionsOf('experiment-kept-ledger');
  const costs = { session: completed, restart, hostHour, kaizenDay: (day / lookEveryMs) * kaizenLook, experimentDay: (day / experiment.tickMs) * look, experiment: ofExperiment };
  const table = {
    "a session's life, without a restart": costs.session,
    'of it until its agent runs': running,
    // Checkpoints at their interval are not reported, nothing beats, and no timer runs.
    'an hour of a session that runs, and a checkpoint by time': 0,
    'a restart at once': costs.restart,
    'a restart after a back-off': backedOff,
    'a value pushed to a running session': push,
    'a checkpoint that a person asks for': actionsOf('session-revision-1-checkpointed') - running,
    'a follow-up prompt, with the attempt that is given it': actionsOf('session-revision-1-prompted') - running,
    "a wait for an account's limit: of a session, with the attempt that met it": limitWait,
    'the same: of its account, whose wait a person has put off once, and ended': actionsOf('account-open-again'),
    [`the start of a fleet of ${members}, beside the lives of its sessions`]: actionsOf('fleet-started'),
    'its stop': actionsOf('fleet-stopped') - actionsOf('fleet-started'),
    [`an hour of a host: its lease, a heartbeat every ${leaseBeatMs / 1_000} s`]: costs.hostHour,
    'a look of an experiment': look,
    [`a day of an experiment, a look every ${experiment.tickMs / 60_000} min`]: costs.experimentDay,
    'an experiment from its start to its keeping, beside its looks': costs.experiment,
    'a look of the kaizen loop, with its parameters and the ledger': kaizenLook,
    [`a day of the kaizen loop, a look every ${lookEveryMs / 60_000} min`]: costs.kaizenDay,
  };
  console.log('| | Actions |\n|---|---|');
  for (const [what, actions] of Object.entries(table)) console.log(`| ${what} | ${whole(actions)} |`);
  console.log('');
  return costs;
}

/** What one look costs once nothing changes any more that people search by. */
function lookOf(name: string): number {
  const events = read(name);
  const settled = events.findLastIndex(({ eventType }) => eventType === 'EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES') + 1;
  return actionsPerRound(events.slice(settled), ({ eventType }) => eventType === 'EVENT_TYPE_TIMER_STARTED');
}

function isCall(activity: string): (event: BilledEvent) => boolean {
  return ({ activityTaskScheduledEventAttributes: scheduled }) => scheduled?.activityType.name === activity;
}

function isUpdate({ eventType }: BilledEvent): boolean {
  return eventType === 'EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED';
}

function actionsOf(name: string): number {
  return total(countActions(read(name)));
}

/** A recorded history, by its name. */
function read(name: string): BilledEvent[] {
  const { events } = JSON.parse(readFileSync(join(projectRoot(), 'test', 'histories', `${name}.json`), 'utf8')) as { events: BilledEvent[] };
  return events;
}

function whole(count: number): string {
  return Math.round(count).toLocaleString('en-US');
}

function plural(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
