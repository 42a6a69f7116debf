import { countRuns } from './count-runs.js';
import { alarmRuns, coverageRuns } from './coverage-runs.js';
import { discoveryRuns } from './discovery-runs.js';
import { fixedRuns } from './fixed-runs.js';
import { nullRuns } from './null-runs.js';
import { partRandom } from '../part-random.js';
import { proportionPowerRuns, ratePowerRuns } from './power-runs.js';
import { draws, type StreamName } from './streams.js';
import type { Tally } from './tally.js';

/** A simulation, cut into parts that any worker may run: the same part gives the same figures on every machine. */
export interface Simulation {
  name: string;
  /** The module of this folder that makes its figures. */
  module: string;
  /** Of the whole validation. */
  runs: number;
  /** In one part. */
  runsInPart: number;
  run: (runs: number, random: () => number) => Tally;
}

export const simulations: readonly Simulation[] = [
  ...(Object.keys(draws) as StreamName[]).map((stream) => ({ name: `null: ${stream}`, module: 'null-runs.js', runs: 20_000, runsInPart: 500, run: (runs: number, random: () => number) => nullRuns(stream, runs, random) })),
  { name: 'counts', module: 'count-runs.js', runs: 20_000, runsInPart: 500, run: countRuns },
  { name: 'coverage', module: 'coverage-runs.js', runs: 5_000, runsInPart: 500, run: coverageRuns },
  { name: 'fixed horizon', module: 'fixed-runs.js', runs: 20_000, runsInPart: 500, run: fixedRuns },
  { name: 'alarms', module: 'coverage-runs.js', runs: 2_000, runsInPart: 500, run: alarmRuns },
  { name: 'power: proportions', module: 'power-runs.js', runs: 5_000, runsInPart: 250, run: proportionPowerRuns },
  { name: 'power: rates', module: 'power-runs.js', runs: 2_000, runsInPart: 100, run: ratePowerRuns },
  { name: 'discoveries', module: 'discovery-runs.js', runs: 100, runsInPart: 2, run: discoveryRuns },
];

/** One part of a simulation, by its name and number. @throws Error for a name there is none of. */
export default function runPart({ name, part, runs }: { name: string; part: number; runs: number }): Tally {
  const simulation = simulations.find((one) => one.name === name);
  if (!simulation) throw new Error(`there is no simulation ${JSON.stringify(name)}`);
  return simulation.run(runs, partRandom(name, part));
}
