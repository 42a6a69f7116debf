import type { SessionRecord } from '../outcome.js';
import type { ParameterName, ParameterValue } from '../parameter-table.js';
import type { Interval } from '../statistics/interval.js';
import { bootstrapDifference, type PairedRow } from './bootstrap.js';
import { replayCheckpointInterval } from './checkpoint-interval.js';
import { replayDangerZone } from './danger-zone.js';
import { replayHangTimeout } from './hang-timeout.js';

/** One figure of a replay: what it is under the present value and under the proposed one. */
export interface ReplayedFigure {
  /** As shown to people, `work lost a session`. */
  name: string;
  unit: 'ms' | 'ratio';
  present: number;
  proposed: number;
  /** Of proposed less present, at .95, by a bootstrap over sessions. */
  interval: Interval;
}

/** What recorded attempts would have come to under another value, as far as that can be computed from them. */
export interface Replay {
  parameter: ParameterName;
  currentValue: ParameterValue;
  proposedValue: ParameterValue;
  sessions: number;
  attempts: number;
  figures: ReplayedFigure[];
  /** What has to be so for the figures to hold, a sentence each. */
  assumptions: string[];
}

/** A figure before its interval: a row a session. */
export interface ReplayedRows extends Pick<ReplayedFigure, 'name' | 'unit'> {
  rows: PairedRow[];
}

/** A parameter's own replay. */
export interface ReplayModel {
  figures: ReplayedRows[];
  assumptions: string[];
}

/** Fewer sessions say nothing of their spread. */
const leastSessions = 2;

/**
 * Replays recorded sessions under a proposed value; null for a parameter whose effect cannot be computed from recorded
 * attempts (what an agent would do after another resume or back-off is not known), and for fewer than two sessions.
 *
 * @param random numbers uniform on [0, 1), seeded: the same records give the same replay.
 */
export function replay(parameter: ParameterName, values: { current: ParameterValue; proposed: ParameterValue }, records: readonly SessionRecord[], random: () => number): Replay | null {
  const sessions = records.filter(({ attempts }) => attempts.length > 0);
  if (sessions.length < leastSessions) return null;
  const [current, proposed] = [Number(values.current), Number(values.proposed)];
  const model = modelOf(parameter, { current, proposed }, sessions, random);
  if (model === null) return null;
  return {
    parameter,
    currentValue: values.current,
    proposedValue: values.proposed,
    sessions: sessions.length,
    attempts: sessions.reduce((sum, { attempts }) => sum + attempts.length, 0),
    figures: model.figures.flatMap(({ name, unit, rows }) => {
      const found = bootstrapDifference(rows, random);
      return found === null ? [] : [{ name, unit, ...found }];
    }),
    assumptions: model.assumptions,
  };
}

function modelOf(parameter: ParameterName, values: { current: number; proposed: number }, sessions: readonly SessionRecord[], random: () => number): ReplayModel | null {
  switch (parameter) {
    case 'checkpoint_interval':
      return replayCheckpointInterval(values, sessions, random);
    case 'hang_timeout':
      return replayHangTimeout(values, sessions);
    case 'danger_zone':
      return replayDangerZone(values, sessions);
    case 'restart_strategy':
    case 'resume_strategy':
    case 'backoff_base':
      return null;
  }
}
