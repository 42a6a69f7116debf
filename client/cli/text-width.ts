import { stripVTControlCharacters } from 'node:util';
import stringWidth from 'string-width';
import wrapAnsi from 'wrap-ansi';

const plain = /^[ -~]*$/;

/** Columns that a text takes on a terminal. Of a table with a thousand lines nearly all cells are plain. */
export function widthOf(text: string): number {
  return plain.test(text) ? text.length : stringWidth(stripVTControlCharacters(text));
}

/** Text without colours, cut to as many columns as there are; an ellipsis stands for the rest. */
export function cut(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  let kept = '';
  for (const letter of text) {
    if (widthOf(kept + letter) > columns - 1) break;
    kept += letter;
  }
  return `${kept}…`;
}

/** Text with or without colours as lines that are not longer; a word that is, as a path, is cut only where `isHard`. */
export function wrapped(text: string, columns: number, isHard = false): string[] {
  return wrapAnsi(text, Math.max(1, columns), { trim: false, hard: isHard }).split('\n').map((line) => line.trimEnd());
}
