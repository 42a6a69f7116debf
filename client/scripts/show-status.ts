/** Prints the status of a session, or of all open ones: `node dist/client/scripts/show-status.js [NAME]`. */
import { shimHome } from '../../host/shim-home.js';
import { ShimClient } from '../shim-client.js';

const [name] = process.argv.slice(2);
const client = await ShimClient.connect(shimHome());
try {
  console.log(JSON.stringify(name === undefined ? await client.list() : await client.status(name), null, 2));
} finally {
  await client.close();
}
