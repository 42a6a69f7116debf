import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import { Readable } from 'node:stream';

/** Sends bytes as they are, which fetch would tidy up, and reads until the server closes. @returns all that it answered. */
export async function sendRaw(port: number, ...parts: string[]): Promise<string> {
  const socket = await connectTo(port);
  const answer = readAll(socket);
  for (const part of parts) socket.write(part);
  return answer;
}

/** A request head of lines, whole. */
export function head(...lines: string[]): string {
  return [...lines, 'Connection: close', '', ''].join('\r\n');
}

/** Sends a body in chunks without end until the server answers or closes. @returns its answer, and how many bytes it was sent. */
export async function sendWithoutEnd(port: number, ...lines: string[]): Promise<{ answer: string; sentBytes: number }> {
  const socket = await connectTo(port);
  const answer = readAll(socket);
  const body = Readable.from(endlessChunks());
  socket.write([...lines, 'Transfer-Encoding: chunked', '', ''].join('\r\n'));
  body.pipe(socket, { end: false });
  await Promise.race([once(socket, 'data'), answer]);
  const sentBytes = socket.bytesWritten;
  body.destroy();
  socket.destroy();
  return { answer: await answer, sentBytes };
}

function* endlessChunks(): Generator<Buffer> {
  const chunk = Buffer.from(`10000\r\n${'x'.repeat(0x10000)}\r\n`);
  for (;;) yield chunk;
}

/** Sends the beginning of a request and then nothing. @returns after how long the server closed, ms. */
export async function closedAfter(port: number, beginning: string): Promise<number> {
  const socket = await connectTo(port);
  const beganMs = performance.now();
  socket.write(beginning);
  await readAll(socket);
  return performance.now() - beganMs;
}

async function connectTo(port: number): Promise<Socket> {
  const socket = createConnection({ host: '127.0.0.1', port });
  await once(socket, 'connect');
  return socket;
}

function readAll(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    socket.on('data', (bytes: Buffer) => {
      text += bytes.toString('latin1');
    });
    // Who closes while we still write resets the connection.
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(text));
  });
}
