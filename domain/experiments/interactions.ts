import { parameterTable, type ParameterName } from '../parameter-table.js';

/** What a parameter works through; two that share one may change each other's effect. */
const mechanisms = {
  checkpoint_interval: ['checkpoints'],
  restart_strategy: ['restarts'],
  resume_strategy: ['the context after a resume'],
  danger_zone: ['checkpoints', 'the context after a resume'],
  backoff_base: ['restarts'],
  hang_timeout: ['restarts'],
} as const satisfies Record<ParameterName, readonly string[]>;

/**
 * How two parameters' experiments would meet. With one `metric` the treatment of one is noise, or an effect, in the other's
 * verdict: they are not run at once. Through a `mechanism` they may run at once, for each deals its own arms: both effects are
 * then those beside a mixture of the other's arms, and that is said in the hypothesis.
 */
export function interaction(one: ParameterName, other: ParameterName): { kind: 'metric' | 'mechanism'; shared: string } | null {
  const { metric } = parameterTable[one];
  if (metric !== null && metric === parameterTable[other].metric) return { kind: 'metric', shared: metric };
  const others: readonly string[] = mechanisms[other];
  const shared = mechanisms[one].find((mechanism) => others.includes(mechanism));
  return shared === undefined ? null : { kind: 'mechanism', shared };
}
