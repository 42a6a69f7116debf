import { CancellationScope, condition, isCancellation } from '@temporalio/workflow';

/** Runs a call in a scope of its own, which `giveUp` turning true cancels. @throws what the call throws; a CancelledFailure where it was given up. */
export async function untilGivenUp<T>(call: () => Promise<T>, giveUp?: () => boolean): Promise<T> {
  const calling = new CancellationScope();
  const watching = new CancellationScope();
  if (giveUp) {
    watching
      .run(() => condition(giveUp))
      .then(() => calling.cancel())
      .catch((error: unknown) => {
        if (!isCancellation(error)) throw error;
      });
  }
  try {
    return await calling.run(call);
  } finally {
    watching.cancel();
  }
}
