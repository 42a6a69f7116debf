import { statfsSync, type StatsFs } from 'node:fs';
import { Gauge, type Registry } from 'prom-client';

/** Serves what room the disk of $SHIM_HOME has, asked for at each scrape. A disk that cannot be asked has no value. */
export function measureHomeSpace(home: string, registry: Registry): void {
  const free: Gauge = new Gauge({
    name: 'shim_home_free_bytes',
    help: 'Room left to SHIM on the disk of its home folder',
    registers: [registry],
    collect: () => measure(free, (disk) => disk.bavail * disk.bsize),
  });
  const size: Gauge = new Gauge({
    name: 'shim_home_size_bytes',
    help: 'Size of the disk of the home folder',
    registers: [registry],
    collect: () => measure(size, (disk) => disk.blocks * disk.bsize),
  });
  function measure(gauge: Gauge, value: (disk: StatsFs) => number): void {
    try {
      gauge.set(value(statfsSync(home)));
    } catch (error) {
      if (!(error instanceof Error && 'code' in error)) throw error;
      gauge.remove();
    }
  }
}
