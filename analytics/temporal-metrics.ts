import { createServer, type AddressInfo } from 'node:net';

/** Telemetry options for the Temporal SDK's runtime, and where it then serves its metrics: a free loopback port. */
export async function temporalTelemetry() {
  const port = await freePort();
  const bindAddress = `127.0.0.1:${port}`;
  return { options: { metrics: { prometheus: { bindAddress } } }, url: `http://${bindAddress}/metrics` };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => {
    server.close(resolve);
  });
  return port;
}
