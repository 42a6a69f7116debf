import { CancelledFailure, Context } from '@temporalio/activity';
import type { HoldLeaseInput } from '../workflows/messages.js';

/** What the lease needs of its host. */
export interface LeaseHolder {
  /** Tells superviseHost that the lease is held. */
  announce(): Promise<void>;
}

/** Between two heartbeats of a lease, ms. */
export const leaseBeatMs = 4_000;

/** The lease of one host: held for as long as its worker lives. */
export function createLeaseActivities(holder: LeaseHolder) {
  return {
    /** Heartbeats until the worker shuts down or the lease is cancelled. @returns why it was given back. */
    async holdLease(_input: HoldLeaseInput): Promise<string> {
      const context = Context.current();
      await holder.announce();
      const timer = setInterval(() => context.heartbeat(), leaseBeatMs);
      try {
        await context.cancelled;
        return 'released';
      } catch (error) {
        if (error instanceof CancelledFailure && context.cancellationDetails?.workerShutdown) return 'released: the host worker shut down';
        throw error;
      } finally {
        clearInterval(timer);
      }
    },
  };
}

export type LeaseActivities = ReturnType<typeof createLeaseActivities>;
