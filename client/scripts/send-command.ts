/** Sends a command to a session: `node dist/client/scripts/send-command.js pause|resume|restart|stop|reset|checkpointNow NAME`. */
import { shimHome } from '../../host/shim-home.js';
import { BadInputError } from '../errors.js';
import { sessionCommands, ShimClient } from '../shim-client.js';

const [word, name = ''] = process.argv.slice(2);
const command = sessionCommands.find((each) => each === word);
if (!command) throw new BadInputError(`say what to do: one of ${sessionCommands.join(', ')}`);
const client = await ShimClient.connect(shimHome());
try {
  console.log(JSON.stringify(await client.command(command, name, { by: 'send-command' }), null, 2));
} finally {
  await client.close();
}
