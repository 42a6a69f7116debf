/** Prints whether this machine holds its lease: `node dist/client/scripts/show-host.js [HOST]`. */
import { hostId, shimHome } from '../../host/shim-home.js';
import { ShimClient } from '../shim-client.js';

const host = process.argv[2] ?? hostId(shimHome());
const client = await ShimClient.connect(shimHome());
try {
  console.log(JSON.stringify(await client.hostStatus(host), null, 2));
} finally {
  await client.close();
}
