import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Puts what was measured into a page of docs/, between the lines that mark its place; what people wrote around it stays.
 *
 * @param page its file name. @throws Error where the page lacks one of the lines.
 */
export function writeMeasured(page: string, { begin, end }: { begin: string; end: string }, text: string): void {
  const path = join(fileURLToPath(new URL('../..', import.meta.url)), 'docs', page);
  const [before, rest] = readFileSync(path, 'utf8').split(begin);
  const after = rest?.split(end)[1];
  if (before === undefined || after === undefined) throw new Error(`${path} has no place for what was measured: it wants the lines ${begin} and ${end}`);
  writeFileSync(path, `${before}${begin}\n\n${text}\n\n${end}${after}`);
}
