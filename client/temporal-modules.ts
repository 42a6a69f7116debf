/** The Temporal SDK's client and our message contract, which needs the SDK too: a fifth of a second, paid on first use. */
export async function loadTemporal() {
  const [client, messages, kaizen, fleet, accounts] = await Promise.all([import('@temporalio/client'), import('../workflows/messages.js'), import('../workflows/kaizen-messages.js'), import('../workflows/fleet-messages.js'), import('../workflows/account-messages.js')]);
  return { client, messages, kaizen, fleet, accounts };
}

export type LoadedTemporal = Awaited<ReturnType<typeof loadTemporal>>;
