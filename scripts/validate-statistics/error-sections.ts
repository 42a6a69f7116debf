import { alarmAlpha, heldRates } from './coverage-runs.js';
import { isCrossed, meanOf, shareOf, showNumber, showShare, tallyOf } from './figures.js';
import { shown, table } from './markdown.js';
import { alpha, batch, burnIns, flatBoundary, methods, pairs } from './null-runs.js';
import { draws } from './streams.js';
import type { Tally } from './tally.js';

/** How often each method rejects without an effect. */
export function errorRates(tallies: ReadonlyMap<string, Tally>): string {
  const rows = Object.keys(draws).flatMap((stream) => {
    const tally = tallyOf(tallies, `null: ${stream}`);
    return methods.map((method) => {
      const every = shareOf(tally, `${method}/every`);
      const inBatches = shareOf(tally, `${method}/batch`);
      return [stream, shown(method), showShare(every), showShare(inBatches), isCrossed(every, alpha) || isCrossed(inBatches, alpha) ? 'no' : 'yes'];
    });
  });
  const runs = tallyOf(tallies, 'null: bernoulli .1')['runs']?.[0] ?? 0;
  return `### False positives without an effect

${runs.toLocaleString('en')} runs each, ${(2 * pairs).toLocaleString('en')} sessions in a run, alpha ${alpha}: the share of runs that ever reject, with its 99 % interval, looking after every
pair of sessions and after every ${batch} pairs. Held is what has a 99 % lower bound of at most alpha. The e-process judges each session's yes or no: any
event, any failed call, a duration past the 95th percentile; in batches it takes blocks of ${batch} pairs. The ratio is that of failed calls to calls. The
means are here without a burn-in; "early" is tuned to 50 sessions, the others to ${2 * pairs}. mSPRT is Statsig's, at a boundary of ${flatBoundary}.

![False positives against sessions](statistics/false-positives.svg)

${table(['sessions', 'method', 'every pair', `every ${batch} pairs`, 'held'], rows)}
`;
}

/** From where on the means hold their level. */
export function burnIn(tallies: ReadonlyMap<string, Tally>): string {
  const rows = Object.keys(draws).flatMap((stream) => {
    const tally = tallyOf(tallies, `null: ${stream}`);
    return ['mean sequence', 'early mean sequence'].map((method) => [stream, method, ...burnIns.map((_, at) => showNumber(shareOf(tally, `${method}/after`, at).share))]);
  });
  return `### Burn-in of the means

The share of runs that reject at any look from so many sessions of each arm on.

${table(['sessions', 'method', ...burnIns.map(String)], rows)}
`;
}

/** What else errs, and how often. */
export function others(tallies: ReadonlyMap<string, Tally>): string {
  const counts = tallyOf(tallies, 'counts');
  const coverage = tallyOf(tallies, 'coverage');
  const fixed = tallyOf(tallies, 'fixed horizon');
  const error = (what: string, tally: Tally, name: string) => {
    const share = shareOf(tally, name);
    return [what, showShare(share), isCrossed(share, alpha) ? 'no' : 'yes'];
  };
  const rows = [
    error('count mixture, first crash of each session', counts, 'first'),
    error('its interval of the rate ratio ever misses 1', counts, 'misses 1'),
    error('its interval of the rate ratio ever misses 1.5', counts, 'misses 1.5'),
    error('the closed form of it, crashes that are independent', counts, 'independent'),
    error('the closed form misused: every crash of sessions that crash up to six times', counts, 'every'),
    error('interval of a difference (.12 and .08) ever misses it', coverage, 'difference'),
    ...heldRates.map((rate) => error(`interval of a rate ever misses it: ${showNumber(rate)}`, coverage, `rate ${rate}`)),
    error('"the rate is below .1" is ever claimed, and it is .1', coverage, 'bound less'),
    error('"the rate is above .1" is ever claimed, and it is .1', coverage, 'bound greater'),
    error('"the 95th percentile is above the limit" is ever claimed, and it is at it', coverage, 'quantile'),
    error('sample ratio: a mismatch is ever claimed of a fair assignment', coverage, 'assignment'),
    ...spendings.map(([spending, name]) => error(`five scheduled looks, ${name}`, fixed, spending)),
    ...Object.keys(fixed).filter((name) => name !== 'runs' && spendings.every(([spending]) => spending !== name)).map((name) => error(`one look at 200 sessions in each arm: ${name}`, fixed, name)),
  ];
  return `### Other errors at alpha ${alpha}

${(counts['runs']?.[0] ?? 0).toLocaleString('en')} runs of the count mixture and of scheduled and single looks, ${(coverage['runs']?.[0] ?? 0).toLocaleString('en')} of the others; looked at after every one of ${(2 * pairs).toLocaleString('en')} sessions, or of 200 crashes in ${(2 * pairs).toLocaleString('en')} sessions, where nothing else is said. The interval
of a quantile rests on that of a rate: of .5 for the median, of .95 for the 95th percentile.

${table(['what', 'share of runs, 99 % interval', 'held'], rows)}
`;
}

const spendings = [['obrien-fleming', "O'Brien and Fleming's type"], ['pocock', "Pocock's type"]] as const;

/** How long the change detector is quiet, and how fast it is. */
export function alarms(tallies: ReadonlyMap<string, Tally>): string {
  const tally = tallyOf(tallies, 'alarms');
  const runs = tally['runs']?.[0] ?? 0;
  const rows = ([['false', 'the crash rate stays .1: a false alarm'], ['doubled', 'it has become .2']] as const).map(([name, what]) => {
    const [sum = 0, squares = 0] = tally[name] ?? [];
    const { mean, half } = meanOf(sum, squares, runs);
    return [what, `${mean.toFixed(0)} ± ${half.toFixed(0)}`];
  });
  return `### Sessions to an alarm of the change detector

${runs.toLocaleString('en')} runs at alpha ${alarmAlpha}: a false alarm is to take ${(1 / alarmAlpha).toFixed(0)} sessions or more on average.

${table(['crash rate', 'mean sessions to the alarm, 99 %'], rows)}
`;
}
