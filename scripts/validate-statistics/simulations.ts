import { seededRandom } from '../../domain/statistics/seeded-random.js';
import { countRuns } from './count-runs.js';
import { alarmRuns, coverageRuns } from './coverage-runs.js';
import { discoveryRuns } from './discovery-runs.js';
import { fixedRuns } from './fixed-runs.js';
import { nullRuns } from './null-runs.js';
import { proportionPowerRuns, ratePowerRuns } from './power-runs.js';
import { draws, type StreamName } from './streams.js';
import type { Tally } from './tally.js';

/** A simulation, cut into parts that any worker may run: the same part gives the same figures on every machine. */
export interface Simulation {
  name: string;
  /** Of the whole validation. */
  runs: number;
  /** In one part. */
  runsInPart: number;
  run: (runs: number, random: () => number) => Tally;
}

export const simulations: readonly Simulation[] = [
  ...(Object.keys(draws) as StreamName[]).map((stream) => ({ name: `null: ${stream}`, runs: 20_000, runsInPart: 500, run: (runs: number, random: () => number) => nullRuns(stream, runs, random) })),
  { name: 'counts', runs: 20_000, runsInPart: 500, run: countRuns },
  { name: 'coverage', runs: 20_000, runsInPart: 500, run: coverageRuns },
  { name: 'fixed horizon', runs: 20_000, runsInPart: 500, run: fixedRuns },
  { name: 'alarms', runs: 5_000, runsInPart: 500, run: alarmRuns },
  { name: 'power: proportions', runs: 5_000, runsInPart: 250, run: proportionPowerRuns },
  { name: 'power: rates', runs: 2_000, runsInPart: 100, run: ratePowerRuns },
  { name: 'discoveries', runs: 100, runsInPart: 2, run: discoveryRuns },
];

/** One part of a simulation, by its name and number. @throws Error for a name there is none of. */
export default function runPart({ name, part, runs }: { name: string; part: number; runs: number }): Tally {
  const simulation = simulations.find((one) => one.name === name);
  if (!simulation) throw new Error(`there is no simulation ${JSON.stringify(name)}`);
  return simulation.run(runs, seededRandom(seedOf(name, part)));
}

/** FNV-1a (Fowler, Noll and Vo 1991): parts get seeds that have nothing to do with each other. */
function seedOf(name: string, part: number): number {
  let hash = 0x811c9dc5;
  for (const character of `${name}#${part}`) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  return hash;
}
