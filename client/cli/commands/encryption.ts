import { once } from 'node:events';
import type { Command } from 'commander';
import { payloadKeysFile, readPayloadKeys, rotatePayloadKeys } from '../../../host/payload-keys.js';
import { ensureShimHome } from '../../../host/shim-home.js';
import { CommandRefusedError } from '../../errors.js';
import { readTemporalRecord } from '../../temporal-record.js';
import type { CliContext } from '../context.js';
import { count } from '../format.js';
import { parseCount } from '../units.js';

const usualPort = 8234;

export function addEncryption(program: Command, context: CliContext): void {
  const encryption = program.command('encryption').description('encrypt what goes to Temporal (AES-256-GCM), for those whose Temporal is not their own');
  encryption
    .command('status', { isDefault: true })
    .description('whether payloads are encrypted, and with which key')
    .option('--json', 'print JSON')
    .action((options: { json?: true }) => show(context, options));
  encryption
    .command('rotate')
    .description('make a new key, the first one or another, and keep those before; every machine needs the same file')
    .option('--json', 'print JSON')
    .action((options: { json?: true }) => rotate(context, options));
  encryption
    .command('serve')
    .description('decrypt for the Web UI, on the loopback interface, until Ctrl-C; enter the address that it prints as the codec endpoint')
    .option('--port <n>', 'where', parseCount, usualPort)
    .option('--origin <url>', "the Web UI's own address (default: that of this machine's Temporal)")
    .action((options: { port: number; origin?: string }) => serve(context, options));
}

function show(context: CliContext, { json }: { json?: true }): void {
  const file = payloadKeysFile(context.home, context.environment);
  const keys = readPayloadKeys(file);
  if (json) context.printJson({ encrypted: keys !== null, key: keys?.current ?? null, keys: [...(keys?.keys.keys() ?? [])], file });
  else context.print(keys === null ? 'payloads are not encrypted; shim encryption rotate makes a key' : `payloads are encrypted with ${keys.current}; ${count(keys.keys.size, 'key')} in ${file}`);
}

function rotate(context: CliContext, { json }: { json?: true }): void {
  ensureShimHome(context.home);
  const file = payloadKeysFile(context.home, context.environment);
  const id = rotatePayloadKeys(file);
  if (json) return context.printJson({ key: id, file });
  context.print(`${id} is the current key, in ${file}. Keep a copy: without it nobody can read what was encrypted with it.`);
  context.print('Bring the file to every machine of this Temporal. Workers there read it when they first meet the key; that all they send is encrypted with it from now on: shim down; shim up');
}

async function serve(context: CliContext, { port, origin }: { port: number; origin?: string }): Promise<void> {
  const read = () => readPayloadKeys(payloadKeysFile(context.home, context.environment));
  const keys = read();
  if (keys === null) throw new CommandRefusedError('there are no keys on this machine; make one (shim encryption rotate), or bring the file of the others');
  const page = origin ?? readTemporalRecord(context.home)?.uiUrl;
  if (!page) throw new CommandRefusedError("the Web UI's address is not known; give it: --origin http://…");
  const [{ CodecServer, codecToken }, { EncryptionCodec }] = await Promise.all([import('../../../workers/payloads/codec-server.js'), import('../../../workers/payloads/payload-codec.js')]);
  // Who names a token has it sent as a header; without one it is part of the address.
  const named = context.environment['SHIM_CODEC_TOKEN'];
  const token = named || codecToken(context.home);
  const server = new CodecServer({ codec: new EncryptionCodec(keys, read), origin: new URL(page).origin, token });
  const at = await server.start(port);
  context.print(`http://127.0.0.1:${at}${named ? '' : `/${token}`}`);
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  await server.stop();
}
