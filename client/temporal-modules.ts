/** The Temporal SDK's client and our message contract, which needs the SDK too: a fifth of a second, paid on first use. */
export async function loadTemporal() {
  const [client, messages] = await Promise.all([import('@temporalio/client'), import('../workflows/messages.js')]);
  return { client, messages };
}

export type LoadedTemporal = Awaited<ReturnType<typeof loadTemporal>>;
