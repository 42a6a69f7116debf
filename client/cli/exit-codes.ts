import { BadInputError, DuplicateSessionError, NoKaizenError, NoSuchAccountError, NoSuchExperimentError, NoSuchFleetError, NoSuchSessionError, NoWorkerError, ShimDownError, WaitTimeoutError } from '../errors.js';

/** What a script can tell by the exit code; `shim --help` prints this table. */
export const exitCodes = {
  ok: 0,
  failure: 1,
  badInput: 2,
  noSuchSession: 3,
  temporalDown: 4,
  timedOut: 5,
} as const;

export const exitCodeHelp = `
Exit codes:
  0  done (status, history and why answer from this machine's folders where
     Temporal is down, and say so on stderr)
  1  it failed, or the session refused the command
  2  bad input: nothing was started
  3  no such session, fleet, account or experiment, or no kaizen loop
  4  Temporal or its worker cannot be reached
  5  timed out while waiting; the command itself stands

Environment:
  SHIM_HOME         where everything is kept (default ~/.shim)
  TEMPORAL_ADDRESS  a Temporal of your own (also TEMPORAL_PROFILE, TEMPORAL_NAMESPACE, …)
  SHIM_UI_URL       the Web UI of that Temporal, for links
  SHIM_DEBUG=1      show stack traces
  NO_COLOR=1        no colours`;

/** The exit code for an error that reached the top. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof BadInputError || error instanceof DuplicateSessionError) return exitCodes.badInput;
  if (error instanceof NoSuchSessionError || error instanceof NoSuchFleetError || error instanceof NoSuchAccountError || error instanceof NoSuchExperimentError || error instanceof NoKaizenError) return exitCodes.noSuchSession;
  if (error instanceof ShimDownError || error instanceof NoWorkerError) return exitCodes.temporalDown;
  if (error instanceof WaitTimeoutError) return exitCodes.timedOut;
  return exitCodes.failure;
}
