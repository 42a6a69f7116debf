/** Thrown when Temporal cannot be reached: nothing was ever started, or it does not answer. */
export class ShimDownError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ShimDownError';
  }
}

/** Thrown when an open session already bears the name. */
export class DuplicateSessionError extends Error {
  constructor(readonly session: string) {
    super(`there is a session ${session} already; choose another --name, or end it first: shim stop ${session}`);
    this.name = 'DuplicateSessionError';
  }
}

/** Thrown when no session of that name is known. */
export class NoSuchSessionError extends Error {
  constructor(readonly session: string) {
    super(`there is no session ${session}; shim status shows all`);
    this.name = 'NoSuchSessionError';
  }
}

/** Thrown when no fleet of that name is known. */
export class NoSuchFleetError extends Error {
  constructor(readonly fleet: string) {
    super(`there is no fleet ${fleet}; shim fleet shows all`);
    this.name = 'NoSuchFleetError';
  }
}

/** Thrown when no account of that name has ever met a limit. */
export class NoSuchAccountError extends Error {
  constructor(readonly account: string) {
    super(`no account ${account} has met a limit, so there is nothing to cancel; shim accounts shows those that have`);
    this.name = 'NoSuchAccountError';
  }
}

/** Thrown when no experiment of that id is known. */
export class NoSuchExperimentError extends Error {
  constructor(readonly experiment: string) {
    super(`there is no experiment ${experiment}; shim experiments shows all`);
    this.name = 'NoSuchExperimentError';
  }
}

/** Thrown when the kaizen loop was never started. */
export class NoKaizenError extends Error {
  constructor() {
    super('the kaizen loop was never started; run: shim kaizen start');
    this.name = 'NoKaizenError';
  }
}

/** Thrown when a session refuses a command that makes no sense in its present state. */
export class CommandRefusedError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'CommandRefusedError';
  }
}

/** Thrown when Temporal is there, but no control worker answers for its workflows. */
export class NoWorkerError extends Error {
  constructor(options?: ErrorOptions) {
    super('Temporal is up, but no control worker answers; run: shim up', options);
    this.name = 'NoWorkerError';
  }
}

/** Thrown when what was waited for did not come in time. */
export class WaitTimeoutError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'WaitTimeoutError';
  }
}

/** Thrown for input that cannot be right: nothing was started. */
export class BadInputError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'BadInputError';
  }
}
