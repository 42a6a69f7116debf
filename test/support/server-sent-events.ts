import type { ServerResponse } from 'node:http';

/** Sends one event; its name is its `type`, as both vendors have it. */
export function sendEvent(response: ServerResponse, event: Record<string, unknown> & { type: string }): void {
  response.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
}
