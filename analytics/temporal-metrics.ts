import { createServer, type AddressInfo } from 'node:net';

/**
 * Telemetry options for the Temporal SDK's runtime, and where it then serves its metrics: a free loopback port. Names are
 * as Prometheus wants them: seconds, units and `_total` as suffixes.
 */
export async function temporalTelemetry() {
  const port = await freePort();
  const bindAddress = `127.0.0.1:${port}`;
  const prometheus = { bindAddress, countersTotalSuffix: true, unitSuffix: true, useSecondsForDurations: true };
  return { options: { metrics: { prometheus } }, url: `http://${bindAddress}/metrics` };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => {
    server.close(resolve);
  });
  return port;
}
