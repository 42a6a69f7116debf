import { stripVTControlCharacters } from 'node:util';

/**
 * Control characters of both sets but for the tab, which could drive a terminal, and those that turn the direction of
 * writing, which could make a line look like another.
 */
const harmful = String.raw`[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]`;
const anyHarmful = new RegExp(harmful);
const everyHarmful = new RegExp(harmful, 'g');

/** Whether `plainText` would leave a text as it is. */
export function isPlain(text: string): boolean {
  return !anyHarmful.test(text);
}

/** A line without colours and cursor movements; any other control character becomes U+FFFD. */
export function plainText(line: string): string {
  return stripVTControlCharacters(line).replace(everyHarmful, '\uFFFD');
}
