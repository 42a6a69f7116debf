import { simulateHarm, simulateNoHarm, type HarmResult } from './harm.js';
import { simulateSequence, type SequenceOptions, type SequenceResult } from './sequence.js';

/** One piece of the validation, for a thread of its own. */
export type Job =
  | ({ kind: 'sequence' } & SequenceOptions)
  | { kind: 'harm'; runs: number; controlCrash: number; seed: number }
  | { kind: 'no_harm'; runs: number; crash: number; sessions: number; seed: number };

export type JobResult = SequenceResult | HarmResult | ReturnType<typeof simulateNoHarm>;

/** What a thread does. */
export default function runJob(job: Job): JobResult {
  switch (job.kind) {
    case 'sequence':
      return simulateSequence(job);
    case 'harm':
      return simulateHarm({ ...job, times: 3 });
    case 'no_harm':
      return simulateNoHarm(job);
  }
}
