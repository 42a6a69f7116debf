import { mersenne } from 'pure-rand/generator/mersenne';

/** Ways to hurt an installation, and what people do to it meanwhile; each with how often it comes, beside the others. */
export const faultWeights = {
  'kill-agent': 10,
  'kill-holder': 3,
  'kill-spawner': 1,
  'kill-host-worker': 4,
  'kill-control-worker': 3,
  'kill-temporal': 2,
  'kill-keeper': 1,
  'kill-everything': 1,
  'freeze-agent': 3,
  'freeze-holder': 1,
  'freeze-host-worker': 2,
  'freeze-control-worker': 1,
  'freeze-temporal': 1,
  'fill-disk': 2,
  'freeze-disk': 1,
  'slow-disk': 2,
  'tear-file': 3,
  'turn-clock': 2,
  'ask-checkpoint': 2,
  'ask-pause': 2,
  'ask-stop': 1,
} as const;
export type FaultKind = keyof typeof faultWeights;
export const faultKinds = Object.keys(faultWeights) as FaultKind[];

/** One thing that is done. */
export interface Fault {
  /** Since the start of the schedule, ms. */
  atMs: number;
  kind: FaultKind;
  /** Which session it is about, from 0. */
  session: number;
  /** For how long it lasts, where it does, ms. */
  lastsMs: number;
  /** Where a file is cut, how far the clock is turned, how slow the disk is: 0 up to 1. */
  part: number;
}

/** Between two faults on the average, ms. */
const meanGapMs = 1_500;
const longestMs = 6_000;

/** What is done in a run: the same for the same seed, so that a run that failed can be had again. */
export function scheduleOf(seed: number, durationMs: number, sessions: number, kinds: readonly FaultKind[] = faultKinds): Fault[] {
  const generator = mersenne(seed);
  const random = () => (generator.next() >>> 0) / 4_294_967_296;
  const faults: Fault[] = [];
  for (let atMs = 0; ; ) {
    atMs += -Math.log(1 - random()) * meanGapMs;
    const fault = { atMs: Math.round(atMs), kind: pick(random(), kinds), session: Math.floor(random() * sessions), lastsMs: Math.round(300 + random() * longestMs), part: random() };
    if (atMs >= durationMs) return faults;
    faults.push(fault);
  }
}

function pick(at: number, kinds: readonly FaultKind[]): FaultKind {
  let left = at * kinds.reduce((sum, kind) => sum + faultWeights[kind], 0);
  for (const kind of kinds) {
    left -= faultWeights[kind];
    if (left < 0) return kind;
  }
  return kinds[0] ?? 'kill-agent';
}
