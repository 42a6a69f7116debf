import { installedBuild } from '../../host/build-id.js';
import { bearsMarker } from '../../host/process/process-table.js';
import { readWorkerRecord } from '../../host/shim-home.js';
import type { CliContext } from './context.js';

/** Says so where the workers of this machine run another build than this program. */
export function warnOfOtherBuild({ home, warn }: CliContext): void {
  const { id } = installedBuild();
  const others = (['control-worker', 'host-worker'] as const).flatMap((name) => {
    const record = readWorkerRecord(home, name);
    return record && record.build !== id && bearsMarker(record.pid, `SHIM_SERVICE=${name}@${home}`) ? [`${name} runs ${record.build ?? 'an older build'}`] : [];
  });
  if (others.length > 0) warn(`${others.join(', ')}; this is ${id}; agents go on through: shim up`);
}
