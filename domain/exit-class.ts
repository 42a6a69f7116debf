/** How an attempt ended. Every attempt ends in exactly one of these. */
export const exitClasses = [
  'completed',
  'crashed',
  'killed',
  'out_of_memory',
  'hung',
  'limit_reached',
  'overloaded',
  'context_full',
  'recycled',
  'auth_failed',
  'misconfigured',
  'stopped',
  'lost',
  'start_timeout',
  'host_rebooted',
  'compacted',
] as const;

export type ExitClass = (typeof exitClasses)[number];

/** The ends that count against a session's restart intensity: the agent's own failures, not its circumstances. */
const countedClasses: ReadonlySet<ExitClass> = new Set(['crashed', 'killed', 'out_of_memory', 'hung', 'lost', 'start_timeout']);

/** Whether an end counts against the restart intensity. */
export function countsAsFailure(exitClass: ExitClass): boolean {
  return countedClasses.has(exitClass);
}
