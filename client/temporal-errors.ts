import type { TemporalLink } from './connection.js';
import { CommandRefusedError, NoSuchSessionError, NoWorkerError, ShimDownError } from './errors.js';
import type { LoadedTemporal } from './temporal-modules.js';

/** gRPC status codes, from the protocol's own list. */
const grpc = { cancelled: 1, deadlineExceeded: 4, notFound: 5, failedPrecondition: 9, unavailable: 14 } as const;

/**
 * Makes a call and turns the SDK's errors into the client's own.
 *
 * @throws NoSuchSessionError, NoWorkerError, ShimDownError, CommandRefusedError; anything else as it came.
 */
export async function translated<T>(sdk: LoadedTemporal['client'], link: Pick<TemporalLink, 'address' | 'external'>, name: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof sdk.WorkflowNotFoundError) throw new NoSuchSessionError(name);
    if (error instanceof sdk.WorkflowUpdateFailedError) throw new CommandRefusedError(error.cause?.message ?? error.message, { cause: error });
    if (error instanceof sdk.WorkflowUpdateRPCTimeoutOrCancelledError) throw new NoWorkerError({ cause: error });
    switch (grpcCode(error)) {
      case grpc.notFound:
        throw new NoSuchSessionError(name);
      // A worker that dies with a query takes the call with it.
      case grpc.cancelled:
      case grpc.deadlineExceeded:
      case grpc.failedPrecondition:
        throw new NoWorkerError({ cause: error });
      case grpc.unavailable:
        throw new ShimDownError(`Temporal does not answer at ${link.address}; ${link.external ? 'check that it is up' : 'run: shim up'}`, { cause: error });
      default:
        throw error;
    }
  }
}

/** The code of the gRPC error at the bottom of the SDK's own. */
function grpcCode(error: unknown): number | null {
  for (let each: unknown = error; each instanceof Error; each = each.cause) {
    if ('code' in each && typeof each.code === 'number') return each.code;
  }
  return null;
}
