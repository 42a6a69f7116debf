export type CheckpointFailure = 'disk_full' | 'git_failed' | 'files_failed';

/** Why no checkpoint was made. The session goes on; the one before still stands. */
export class CheckpointError extends Error {
  override name = 'CheckpointError';

  constructor(
    readonly failure: CheckpointFailure,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Thrown when git cannot be started, takes too long or ends with an error; its words are in the message. */
export class GitError extends Error {
  override name = 'GitError';
}

/** What went wrong, in terms that a caller can act on. */
export function asCheckpointError(error: unknown): CheckpointError {
  if (error instanceof CheckpointError) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (isDiskFull(error)) return new CheckpointError('disk_full', `the disk is full: ${message}`, { cause: error });
  return new CheckpointError(error instanceof GitError ? 'git_failed' : 'files_failed', message, { cause: error });
}

/** Whether an error says that there is no room left; git says it in words only. */
export function isDiskFull(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ('code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT')) return true;
  return /No space left on device|Disk quota exceeded/.test(error.message);
}
