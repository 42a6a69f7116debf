import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Tally } from './tally.js';

interface KeptPart {
  name: string;
  part: number;
  runs: number;
  tally: Tally;
}

/** Parts that are done, in a file of one line each: a validation that was interrupted goes on, unless its code has changed. */
export class KeptParts {
  private readonly path: string;
  private readonly parts = new Map<string, KeptPart>();

  /** @param folder for the files. @param entry the compiled module that makes the figures. */
  constructor(folder: string, entry: string) {
    this.path = join(folder, `${hashOf(entry)}.jsonl`);
    mkdirSync(dirname(this.path), { recursive: true });
    const lines = existsSync(this.path) ? readFileSync(this.path, 'utf8').split('\n') : [];
    for (const line of lines) {
      const kept = parse(line);
      if (kept) this.parts.set(keyOf(kept), kept);
    }
  }

  get(name: string, part: number, runs: number): Tally | null {
    return this.parts.get(keyOf({ name, part, runs }))?.tally ?? null;
  }

  add(kept: KeptPart): void {
    this.parts.set(keyOf(kept), kept);
    appendFileSync(this.path, `${JSON.stringify(kept)}\n`);
  }
}

function keyOf({ name, part, runs }: Pick<KeptPart, 'name' | 'part' | 'runs'>): string {
  return `${name}#${part}#${runs}`;
}

/** Null for a line that was cut off. */
function parse(line: string): KeptPart | null {
  try {
    return line === '' ? null : (JSON.parse(line) as KeptPart);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** Of a module, and of all that it imports by a path. */
function hashOf(entry: string): string {
  const seen = new Set<string>();
  const visit = (path: string) => {
    if (seen.has(path)) return;
    seen.add(path);
    for (const [, imported] of readFileSync(path, 'utf8').matchAll(/from '(\.[^']+)'/g)) visit(join(dirname(path), imported ?? ''));
  };
  visit(entry);
  const hash = createHash('sha256');
  for (const path of [...seen].sort()) hash.update(basename(path)).update(readFileSync(path));
  return hash.digest('hex').slice(0, 16);
}
