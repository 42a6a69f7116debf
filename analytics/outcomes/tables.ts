import type { Generated } from 'kysely';

/** The tables as Kysely sees them; the same on SQLite and PostgreSQL. Booleans are 0 and 1, which both can sum; times are Unix ms. */
export interface StoreTables {
  outcome: OutcomeRow;
  session_opened: SessionOpenedRow;
  session_closed: SessionClosedRow;
  assignment: AssignmentRow;
  maturing: { experiment_id: string; units: number };
  unit: UnitRow;
  parameter: ParameterRow;
  experiment: ExperimentRow;
  look: LookRow;
  mirror_event: MirrorEventRow;
}

export interface OutcomeRow {
  attempt_id: string;
  session_id: string;
  session_name: string;
  host_id: string;
  agent: string;
  epoch: number;
  exit_class: string;
  crashed: number;
  started_at_ms: number;
  running_at_ms: number | null;
  ended_at_ms: number;
  resume_strategy: string | null;
  work_lost_ms: number;
  messages: number;
  tool_calls: number;
  input_tokens: number;
  output_tokens: number;
  cost_usd: number | null;
  /** JSON. */
  parameters: string;
  fidelity: number | null;
  downtime_ms: number | null;
  /** JSON. */
  checkpoints: string;
  max_context_use: number | null;
  longest_silence_ms: number;
  /** Null where it is not known, and in rows of older versions. */
  zone_before_end: string | null;
  recorded_at_ms: number;
}

export interface SessionOpenedRow {
  session_id: string;
  session_name: string;
  host_id: string;
  agent: string;
  /** JSON. */
  parameters: string;
  opened_at_ms: number;
}

export interface SessionClosedRow {
  session_id: string;
  state: string;
  attempts: number;
  restarts: number;
  closed_at_ms: number;
}

export interface AssignmentRow {
  experiment_id: string;
  session_id: string;
  parameter: string;
  arm: string;
  /** JSON. */
  value: string;
  assigned_at_ms: number;
  /** Of its unit; null until it matures. */
  position: number | null;
}

export interface UnitRow {
  experiment_id: string;
  position: number;
  session_id: string;
  arm: string;
  exposed_at_ms: number;
  matured_at_ms: number;
  reported: number;
  crashed: number;
  failed_resume: number;
  resumes: number;
  failed_resumes: number;
  checkpoints: number;
  slow_checkpoints: number;
  tokens: number;
  cost_usd: number;
  lost_time_ms: number;
  downtime_ms: number;
}

export interface ParameterRow {
  name: string;
  version: number;
  /** JSON. */
  published: string;
  published_at_ms: number;
}

export interface ExperimentRow {
  id: string;
  started_at_ms: number;
  saved_at_ms: number;
  /** JSON. */
  status: string;
}

export interface LookRow {
  experiment_id: string;
  at_ms: number;
  /** JSON, raw deflate, base64. */
  look: string;
}

export interface MirrorEventRow {
  /** Counted up by the database; PostgreSQL gives such a one as text. */
  id: Generated<number | string>;
  kind: string;
  /** JSON. */
  body: string;
  created_at_ms: number;
}
