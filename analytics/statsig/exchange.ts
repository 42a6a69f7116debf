import { boundedText } from '../bounded-text.js';

/** A whole answer. */
export interface Answer {
  status: number;
  text: string;
}

/**
 * Asks and reads the whole answer, or gives up. Redirections are none: a key goes nowhere else.
 *
 * @throws what went wrong; DOMException TimeoutError past the limit.
 */
export async function exchange(url: string, request: RequestInit, timeoutMs: number): Promise<Answer> {
  // Not left to the request's own signal: once the head of an answer is there, fetch may forget about it and wait for the rest for ever.
  const abort = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      const reason = new DOMException(`no whole answer within ${timeoutMs} ms`, 'TimeoutError');
      reject(reason);
      abort.abort(reason);
    }, timeoutMs);
  });
  try {
    return await Promise.race([read(url, { ...request, redirect: 'error', signal: abort.signal }), late]);
  } finally {
    clearTimeout(timer);
  }
}

async function read(url: string, request: RequestInit): Promise<Answer> {
  const response = await fetch(url, request);
  return { status: response.status, text: await boundedText(response) };
}
