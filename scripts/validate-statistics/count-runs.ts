import { countLogEValue, countMixtureResult, createCountMixture, updateCountMixture } from '../../domain/statistics/count-mixture.js';
import { alpha } from './null-runs.js';
import { count, noCounts, type Tally } from './tally.js';

/** Sessions of each arm that may crash, and how many of them do before a run ends. */
const sessions = 1_000;
const crashes = 200;
const testing = -Math.log(alpha);

/**
 * Crashes, looked at after each. Without an effect: the first one of each session with the sessions at risk; the closed form of
 * events that are independent; and the same misused on all crashes of sessions that have up to six. With a rate ratio of 1.5:
 * whether the interval holds it.
 */
export function countRuns(runs: number, random: () => number): Tally {
  const tally = noCounts(runs, ['first', 'independent', 'every', 'misses 1', 'misses 1.5']);
  for (let run = 0; run < runs; run += 1) {
    const { pValue, missed } = firstCrashes(1, random);
    if (pValue <= alpha) count(tally, 'first');
    if (missed) count(tally, 'misses 1');
    if (firstCrashes(1.5, random).missed) count(tally, 'misses 1.5');
    if (allCrashes(() => 1, random)) count(tally, 'independent');
    if (allCrashes(() => 1 + Math.floor(random() * 6), random)) count(tally, 'every');
  }
  return tally;
}

/** The interval is nested over time: what it holds at the end it has held at every look. */
function firstCrashes(rateRatio: number, random: () => number): { pValue: number; missed: boolean } {
  let state = createCountMixture({ alpha });
  const atRisk = { control: sessions, treatment: sessions };
  for (let event = 0; event < crashes; event += 1) {
    const treated = atRisk.treatment * rateRatio;
    const arm = random() * (atRisk.control + treated) < treated ? 'treatment' : 'control';
    state = updateCountMixture(state, { arm, atRisk: { ...atRisk } });
    atRisk[arm] -= 1;
  }
  const { pValue, interval } = countMixtureResult(state);
  return { pValue, missed: (interval.lower ?? 0) > rateRatio || (interval.upper ?? Infinity) < rateRatio };
}

/** Whether the closed form ever rejects on crashes that come in bursts, arms of the same exposure. */
function allCrashes(burst: () => number, random: () => number): boolean {
  const all = { control: 0, treatment: 0 };
  for (let event = 0; event < crashes; event += 1) {
    const arm = random() < 0.5 ? 'treatment' : 'control';
    for (let left = burst(); left > 0; left -= 1) {
      all[arm] += 1;
      if (countLogEValue(all, 0.5) >= testing) return true;
    }
  }
  return false;
}
