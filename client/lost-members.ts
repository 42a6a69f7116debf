import type { FleetMember } from '../domain/fleet.js';
import type { PresentMember } from '../domain/fleet-plan.js';
import type { SessionSpec } from '../domain/session.js';
import { SessionFolder } from '../host/session-folder.js';
import type { FleetStatus } from '../workflows/fleet-messages.js';
import { BadInputError } from './errors.js';
import type { FleetClient } from './fleet-client.js';

/**
 * Members of a fleet that its workflow does not know of: it was terminated, or lost with Temporal's database, and they have gone
 * on by themselves. A session is one where it was begun as a member of that fleet on this host, by Temporal's account and by its folder.
 *
 * @param present what the fleet's workflow knows; null where it is not there. @param wanted by the fleet's file.
 * @returns the open ones; where there are any, the wanted ones that have completed, too: they are not to be begun anew.
 * @throws BadInputError where one belongs to another host.
 */
export async function findLostMembers(client: FleetClient, home: string, fleet: string, present: FleetStatus | null, wanted: readonly FleetMember[]): Promise<PresentMember[]> {
  const known = new Set(present?.members.map(({ spec }) => spec.sessionId));
  const open = (await client.sessionsOf(fleet)).filter(({ name, sessionId }) => !known.has(sessionId) && !present?.leaving.includes(name));
  if (open.length === 0) return [];
  const wantedBy = new Map(wanted.map((member) => [member.spec.name, member]));
  const lost = open.map(({ name, sessionId, state }) => {
    const spec = specOf(home, name, fleet);
    if (spec?.sessionId !== sessionId) throw new BadInputError(`there is a session ${name} of fleet ${fleet} that is not of this host; apply there, or end it first: shim stop ${name}`);
    return lostMember(spec, state, 'its fleet was lost, and it went on by itself', wantedBy.get(name));
  });
  const names = new Set(open.map(({ name }) => name));
  const completed = wanted.flatMap((member) => {
    const { name } = member.spec;
    const folder = new SessionFolder(home, name);
    const spec = names.has(name) ? null : specOf(home, name, fleet);
    return spec && !known.has(spec.sessionId) && folder.state()?.state === 'completed' ? [lostMember(spec, 'completed', folder.state()?.reason ?? '', member)] : [];
  });
  return [...lost, ...completed];
}

function specOf(home: string, name: string, fleet: string): SessionSpec | null {
  const spec = new SessionFolder(home, name).spec();
  return spec?.fleet === fleet ? spec : null;
}

/** Which variables were asked for by name is in no folder: those that are asked for now count as those. */
function lostMember(spec: SessionSpec, state: PresentMember['state'], reason: string, wanted: FleetMember | undefined): PresentMember {
  return { spec, environmentAsked: wanted?.environmentAsked ?? [], dependsOn: wanted?.dependsOn ?? [], state, reason, isUnknown: true };
}
