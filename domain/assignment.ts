import type { Arm } from './experiments/unit.js';
import type { ParameterName } from './parameter-table.js';
import type { Parameters } from './parameters.js';

/** Asks what a session is to run with: for its first attempt it is assigned to what is under way, later the same is read again. */
export interface AssignParametersInput {
  sessionId: string;
  name: string;
  agent: string;
  hostId: string;
  /** What the session was defined with: it holds for what is pinned, and where nothing else was ever set. */
  parameters: Parameters;
  /** Set by a person for this session: no experiment and no deploy touches them. */
  pinned: ParameterName[];
  /** When the session was first supervised, Unix ms: an experiment takes in only sessions that began after it did. */
  startedAtMs: number;
  /** Attempts begun: above 0 the session is assigned to nothing new. */
  attempts: number;
}

export interface AssignedParameters {
  parameters: Parameters;
  /** Of the experiments and rollouts the session is in, by parameter. */
  assignments: { experimentId: string; parameter: ParameterName; arm: Arm }[];
}
