/** Thrown where a checkpoint cannot be restored; the message says why and what to do. What was there before is there still. */
export class RestoreError extends Error {
  override name = 'RestoreError';
}
