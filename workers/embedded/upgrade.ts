import { join } from 'node:path';
import { z } from 'zod';
import { readLocalRecord } from '../../analytics/statsig/local-record.js';
import { isNewer, versionOf, type Build } from '../../host/build-id.js';
import { writeDurably } from '../../host/durable-file.js';
import { readRecord } from '../../host/record-file.js';
import { readWorkerRecord } from '../../host/shim-home.js';
import { readService, type ServiceName } from './keeper.js';

/** Thrown where a newer SHIM has kept things in this $SHIM_HOME that this one may not understand. */
export class TooOldError extends Error {
  override name = 'TooOldError';
}

/** Services that run SHIM's own code, in the order they are replaced: a host takes what older workflows ask for, an older host may not know what newer ones do. */
export const ownServices = ['host-worker', 'control-worker', 'statsig'] as const satisfies readonly ServiceName[];
export type OwnService = (typeof ownServices)[number];

const newestSchema = z.object({ version: z.string(), build: z.string() });

/** The build that a living service runs, as it noted at its start: `unknown` of a version that noted none; null where it is not alive. */
export function runningBuild(home: string, name: OwnService): string | null {
  const { pid } = readService(home, name);
  if (pid === null) return null;
  const record = name === 'statsig' ? readLocalRecord(home) : readWorkerRecord(home, name);
  return record?.pid === pid ? (record.build ?? 'unknown') : 'unknown';
}

/** Services that are alive with another build's code. */
export function outdatedServices(home: string, wanted: Build): { name: OwnService; build: string }[] {
  return ownServices.flatMap((name) => {
    const build = runningBuild(home, name);
    return build === null || build === wanted.id ? [] : [{ name, build }];
  });
}

/**
 * Histories and stores that a newer version has written are not for an older one: its workflows would not replay.
 *
 * @throws TooOldError naming both versions.
 */
export function refuseDowngrade(home: string, wanted: Build): void {
  const newest = newestIn(home);
  if (newest !== null && isNewer(versionOf(newest), wanted.version)) {
    throw new TooOldError(`${home} was last used by SHIM ${versionOf(newest)}, which is newer than this one (${wanted.version}) and may keep what this one cannot read; use SHIM ${versionOf(newest)} or newer, or another SHIM_HOME`);
  }
}

/** Notes that this version has been here. */
export async function noteVersion(home: string, { version, id }: Build): Promise<void> {
  const newest = newestIn(home);
  if (newest === id || (newest !== null && isNewer(versionOf(newest), version))) return;
  await writeDurably(join(home, 'version.json'), JSON.stringify({ version, build: id } satisfies z.infer<typeof newestSchema>));
}

/** The newest build that was noted; null where there is none. */
function newestIn(home: string): string | null {
  return readRecord(join(home, 'version.json'), newestSchema)?.build ?? null;
}
