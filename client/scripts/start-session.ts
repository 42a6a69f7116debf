/** Starts a session by the typed client: `node dist/client/scripts/start-session.js NAME CMD [ARGS…]`. SHIM must be up. */
import { shimHome } from '../../host/shim-home.js';
import { createSpec } from '../session-spec.js';
import { ShimClient } from '../shim-client.js';
import { startSessionHere } from '../start-session.js';

const [name = '', ...argv] = process.argv.slice(2);
const spec = createSpec({ name, agent: 'command', argv, cwd: process.cwd() });
const client = await ShimClient.connect(shimHome());
try {
  await startSessionHere(client, shimHome(), spec);
  const status = await client.waitForState(name, ['running', 'completed', 'failed', 'stopped'], 60_000);
  console.log(JSON.stringify(status, null, 2));
} finally {
  await client.close();
}
