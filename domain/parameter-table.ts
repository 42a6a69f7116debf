import type { MetricName } from './experiments/metric.js';
import { parametersSchema, resumeStrategies, type Parameters } from './parameters.js';

/** The parameters that SHIM tunes, in the words of the CLI, the Web UI and the metrics. */
export const parameterNames = ['checkpoint_interval', 'restart_strategy', 'resume_strategy', 'danger_zone', 'backoff_base', 'hang_timeout'] as const;
export type ParameterName = (typeof parameterNames)[number];

/** In the parameter's own unit. */
export type ParameterValue = number | string;

export interface ParameterDefinition {
  name: ParameterName;
  /** One line for people. */
  description: string;
  /** Where it stands in a session's Parameters; null for one that a host has. */
  field: keyof Parameters | null;
  values: { kind: 'number'; min: number; max: number } | { kind: 'choice'; choices: readonly string[] };
  defaultValue: ParameterValue;
  unit: 'minutes' | 'ms' | 'ratio' | 'choice';
  /** What gets one value: a session for its life, or a host from one boot to the next. */
  assignedPer: 'session' | 'host_boot';
  /** Whether a change reaches running attempts, or the next one. */
  takesEffect: 'live' | 'next_attempt';
  /** What it moves; less is better. Null for one that is only observed. */
  metric: MetricName | null;
  /** Where it is applied, one line. */
  appliedAt: string;
}

const defaults = parametersSchema.parse({});

/** One row a parameter. */
export const parameterTable: Readonly<Record<ParameterName, ParameterDefinition>> = {
  checkpoint_interval: {
    name: 'checkpoint_interval',
    description: 'time between checkpoints that are made by time',
    field: 'checkpointIntervalMinutes',
    values: { kind: 'number', min: 0.01, max: 24 * 60 },
    defaultValue: defaults.checkpointIntervalMinutes,
    unit: 'minutes',
    assignedPer: 'session',
    takesEffect: 'live',
    metric: 'lost_time',
    appliedAt: 'CheckpointManager.setInterval on the host',
  },
  restart_strategy: {
    name: 'restart_strategy',
    description: 'how the sessions of a host come back after a boot',
    field: null,
    values: { kind: 'choice', choices: ['parallel_init', 'sequential_init'] },
    defaultValue: 'parallel_init',
    unit: 'choice',
    assignedPer: 'host_boot',
    takesEffect: 'next_attempt',
    metric: null,
    appliedAt: 'SupervisorDaemon.setInitStrategy at the start of the host worker',
  },
  resume_strategy: {
    name: 'resume_strategy',
    description: 'the rung at which a resume begins',
    field: 'resumeStrategy',
    values: { kind: 'choice', choices: resumeStrategies },
    defaultValue: defaults.resumeStrategy,
    unit: 'choice',
    assignedPer: 'session',
    takesEffect: 'next_attempt',
    metric: 'tokens',
    appliedAt: "the restart decision, and the host's plan of a resume",
  },
  danger_zone: {
    name: 'danger_zone',
    description: 'context use at which a session is checkpointed and recycled',
    field: 'dangerZone',
    values: { kind: 'number', min: 0.1, max: 1 },
    defaultValue: defaults.dangerZone,
    unit: 'ratio',
    assignedPer: 'session',
    takesEffect: 'live',
    metric: 'crash_rate',
    appliedAt: 'SignalCollector and AttemptRunner on the host',
  },
  backoff_base: {
    name: 'backoff_base',
    description: 'first delay of the back-off',
    field: 'backoffBaseMs',
    values: { kind: 'number', min: 1, max: 3_600_000 },
    defaultValue: defaults.backoffBaseMs,
    unit: 'ms',
    assignedPer: 'session',
    takesEffect: 'live',
    metric: 'downtime',
    appliedAt: 'decideNext in the workflow of the session',
  },
  hang_timeout: {
    name: 'hang_timeout',
    description: 'silence after which an agent is hung',
    field: 'hangTimeoutMs',
    values: { kind: 'number', min: 100, max: 24 * 3_600_000 },
    defaultValue: defaults.hangTimeoutMs,
    unit: 'ms',
    assignedPer: 'session',
    takesEffect: 'live',
    metric: 'lost_time',
    appliedAt: 'the watchdog of AttemptRunner on the host',
  },
};

/** Thrown where a value is not one that a parameter can have; the message names parameter, expectation and value. */
export class ParameterValueError extends Error {
  override name = 'ParameterValueError';
}

/** @throws ParameterValueError where the parameter cannot have the value. */
export function checkParameterValue(name: ParameterName, value: ParameterValue): ParameterValue {
  const { values, unit, field } = parameterTable[name];
  if (values.kind === 'choice') {
    if (typeof value !== 'string' || !values.choices.includes(value)) throw new ParameterValueError(`${name} is one of ${values.choices.join(', ')}, not ${JSON.stringify(value)}`);
    return value;
  }
  if (typeof value !== 'number' || !(value >= values.min && value <= values.max)) throw new ParameterValueError(`${name} is from ${values.min} to ${values.max} ${unit}, not ${JSON.stringify(value)}`);
  if (field !== null && !parametersSchema.shape[field].safeParse(value).success) throw new ParameterValueError(`${name} cannot be ${value} ${unit}: a whole number is wanted`);
  return value;
}

/** What a running attempt comes to run with where others are wanted: what only takes effect with the next attempt stays. */
export function withLiveOf(running: Parameters, wanted: Parameters): Parameters {
  const live = Object.values(parameterTable).flatMap(({ field, takesEffect }) => (field !== null && takesEffect === 'live' ? [[field, wanted[field]] as const] : []));
  return { ...running, ...Object.fromEntries(live) };
}

/** A session's parameters with some of them changed; those that are not a session's are left out. @throws ParameterValueError */
export function withValues(parameters: Parameters, values: Readonly<Partial<Record<ParameterName, ParameterValue>>>): Parameters {
  const changes = Object.entries(values).flatMap(([name, value]) => {
    const { field } = parameterTable[name as ParameterName];
    return field === null ? [] : [[field, checkParameterValue(name as ParameterName, value)] as const];
  });
  return parametersSchema.parse({ ...parameters, ...Object.fromEntries(changes) });
}
