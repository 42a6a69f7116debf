import { looksLikeSecret } from '../host/output/redaction.js';
import { BadInputError } from './errors.js';

/** @throws BadInputError if a prompt would betray a secret: it becomes an argument of the agent's, and lies in Temporal. */
export function checkPrompt(text: string): void {
  for (const part of [text, ...text.split('\n').map((line) => line.trim())]) {
    const why = looksLikeSecret(part);
    if (why !== null) throw new BadInputError(`the prompt looks as if it held a secret (${why}), and everyone can see what an agent is started with; put it into a file that only you can read, and name the file`);
  }
}
