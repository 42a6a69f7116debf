import type { FleetMember } from '../../domain/fleet.js';
import { resetFleetUpdate, stopFleetUpdate } from '../../workflows/fleet-messages.js';
import { SupervisedFleet, type FleetChoices } from './supervised-fleet.js';
import type { WorkflowEnvironment } from './workflow-environment.js';

/** A fleet as it stands at the end of a scenario, and the workflow of it whose history is kept. */
export interface FleetScene {
  workflowId: string;
  fleet: SupervisedFleet;
}

const by = { by: 'test' };
const three = [{ name: 'a' }, { name: 'b' }, { name: 'c', dependsOn: ['a'] }];

/** What a fleet does, and what its members do for it, by the name of the file. */
export const fleetScenes: Readonly<Record<string, (environment: WorkflowEnvironment) => Promise<FleetScene>>> = {
  'fleet-started': async (environment) => ofFleet(await running(environment)),
  'fleet-changed': async (environment) => {
    const fleet = await running(environment);
    const [a] = (await fleet.status()).members;
    const stays = a ? [{ spec: a.spec, environmentAsked: [], dependsOn: [] }] : [];
    await fleet.apply([...stays, ...fleet.members([{ name: 'b' }, { name: 'd' }])]);
    await fleet.until(({ state, leaving, members }) => state === 'running' && leaving.length === 0 && members.length === 3);
    return ofFleet(fleet);
  },
  'fleet-member-changed': async (environment) => {
    const fleet = await running(environment);
    await fleet.apply(changed((await fleet.status()).members));
    await fleet.until(({ members }) => members[0]?.epoch === 2 && members[0].state === 'running' && !members[0].isAwaited);
    return ofFleet(fleet);
  },
  'fleet-taken-over': async (environment) => {
    const fleet = await running(environment);
    const known = (await fleet.status()).members.map(({ spec, environmentAsked, dependsOn, state, reason }) => ({ spec, environmentAsked, dependsOn, state, reason }));
    await fleet.isLost();
    await fleet.apply(changed(known).slice(0, 2), {}, 0, known);
    await fleet.until(({ members, leaving }) => leaving.length === 0 && members[0]?.epoch === 2 && members.every(({ state, isAwaited }) => state === 'running' && !isAwaited));
    return ofFleet(fleet);
  },
  'fleet-one_for_all': async (environment) => ofFleet(await restartedTogether(environment)),
  'fleet-member-restarted': async (environment) => {
    const fleet = await restartedTogether(environment);
    return { workflowId: fleet.session('a').workflowId, fleet };
  },
  'fleet-failed': async (environment) => ofFleet(await givenUp(environment)),
  'fleet-member-paused': async (environment) => {
    const fleet = await givenUp(environment);
    return { workflowId: fleet.session('a').workflowId, fleet };
  },
  'fleet-reset': async (environment) => {
    const fleet = await givenUp(environment);
    await fleet.handle().executeUpdate(resetFleetUpdate, { args: [by] });
    await fleet.all('running');
    return ofFleet(fleet);
  },
  'fleet-stopped': async (environment) => {
    const fleet = await running(environment);
    await fleet.handle().executeUpdate(stopFleetUpdate, { args: [by] });
    await fleet.handle().result();
    return ofFleet(fleet);
  },
};

/** The first of them with another bound. */
function changed(members: readonly FleetMember[]): FleetMember[] {
  return members.map(({ spec, environmentAsked, dependsOn }, index) => ({
    spec: index === 0 ? { ...spec, limits: { ...spec.limits, memoryBytes: 5_000_000 }, changedAt: '2026-02-02T00:00:00.000Z' } : spec,
    environmentAsked,
    dependsOn,
  }));
}

async function running(environment: WorkflowEnvironment, choices: FleetChoices = {}): Promise<SupervisedFleet> {
  const fleet = await SupervisedFleet.start(environment, three, choices);
  await fleet.all('running');
  return fleet;
}

async function restartedTogether(environment: WorkflowEnvironment): Promise<SupervisedFleet> {
  const fleet = await running(environment, { strategy: 'one_for_all' });
  await fleet.ends('b', 'killed');
  await fleet.until(({ members }) => members.every(({ epoch, state, isAwaited }) => epoch === 2 && state === 'running' && !isAwaited));
  return fleet;
}

async function givenUp(environment: WorkflowEnvironment): Promise<SupervisedFleet> {
  const fleet = await running(environment, { maxFailures: 0 });
  await fleet.ends('b', 'killed');
  await fleet.all('paused');
  return fleet;
}

function ofFleet(fleet: SupervisedFleet): FleetScene {
  return { workflowId: fleet.workflowId, fleet };
}
