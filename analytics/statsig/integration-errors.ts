/** Thrown where there is no experiment of that id, nor on that parameter. */
export class NoSuchExperimentError extends Error {
  override name = 'NoSuchExperimentError';
}

/** Thrown where a parameter has an experiment already: it takes one at a time. */
export class ParameterBusyError extends Error {
  override name = 'ParameterBusyError';
}

/** Thrown before initialize, and after shutdown. */
export class NotInitializedError extends Error {
  override name = 'NotInitializedError';
}

/** Thrown where an exposure is to be logged to an arm that the session is not in. */
export class WrongVariantError extends Error {
  override name = 'WrongVariantError';
}
