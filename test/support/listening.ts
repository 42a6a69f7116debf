import { readFileSync } from 'node:fs';

/** State of a socket that listens, in /proc/net/tcp. */
const listening = '0A';

/** The addresses at which somebody listens at a port, as the kernel knows them. */
export function listeningAt(port: number): string[] {
  return listeners().flatMap((listener) => (listener.port === port ? [listener.address] : []));
}

/** All sockets of TCP that listen on this machine. `inode` is what /proc/PID/fd names them by. */
export function listeners(): { address: string; port: number; inode: string }[] {
  return ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((table) =>
    readFileSync(table, 'utf8')
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter((fields) => fields[3] === listening)
      .map((fields) => {
        const [address = '', port = ''] = (fields[1] ?? '').split(':');
        return { address: readable(address), port: Number.parseInt(port, 16), inode: fields[9] ?? '' };
      }),
  );
}

/** The kernel writes each word of four bytes in the machine's own order. */
function readable(hex: string): string {
  const bytes = Buffer.concat((hex.match(/.{8}/g) ?? []).map((word) => Buffer.from(word, 'hex').toReversed()));
  if (bytes.length === 4) return bytes.join('.');
  return bytes.toString('hex');
}
