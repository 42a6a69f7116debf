/** What an experiment is judged by. One value a session, taken at a fixed horizon after its exposure. */
export const metricNames = ['crash_rate', 'failed_resume_rate', 'lost_time', 'downtime', 'tokens'] as const;
export type MetricName = (typeof metricNames)[number];

export interface MetricDefinition {
  name: MetricName;
  /** `binary`: a session has it or has it not, judged by the exact two-arm e-process. `mean`: judged by the confidence sequence of means. */
  kind: 'binary' | 'mean';
  /** Of one session's value, as shown to people. */
  unit: 'ratio' | 'ms' | 'tokens';
  /** One line for people. */
  description: string;
}

/** Every metric is one of which less is better. */
export const metrics: Readonly<Record<MetricName, MetricDefinition>> = {
  crash_rate: { name: 'crash_rate', kind: 'binary', unit: 'ratio', description: 'share of sessions with at least one crash' },
  failed_resume_rate: { name: 'failed_resume_rate', kind: 'binary', unit: 'ratio', description: 'share of sessions with a failed resume' },
  lost_time: { name: 'lost_time', kind: 'mean', unit: 'ms', description: 'work lost to crashes and time spent on checkpoints, a session' },
  downtime: { name: 'downtime', kind: 'mean', unit: 'ms', description: 'time between an end and the next first event, a session' },
  tokens: { name: 'tokens', kind: 'mean', unit: 'tokens', description: 'input and output tokens, a session' },
};
