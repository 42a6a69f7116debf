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

/** Parts of one simulation that are done, a line each: a validation that was interrupted goes on, unless what makes the figures has changed. */
export class KeptParts {
  private readonly path: string;
  private readonly parts = new Map<string, KeptPart>();

  /** @param folder for the files. @param entries the compiled modules that make the figures. */
  constructor(folder: string, entries: readonly string[]) {
    this.path = join(folder, `${hashOf(entries)}.jsonl`);
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

/** Of modules, and of all that they import by a path. */
function hashOf(entries: readonly string[]): string {
  const seen = new Set<string>();
  const visit = (path: string) => {
    if (seen.has(path)) return;
    seen.add(path);
    for (const [, imported] of readFileSync(path, 'utf8').matchAll(/from '(\.[^']+)'/g)) visit(join(dirname(path), imported ?? ''));
  };
  for (const entry of entries) visit(entry);
  const hash = createHash('sha256');
  for (const path of [...seen].sort()) hash.update(basename(path)).update(readFileSync(path));
  return hash.digest('hex').slice(0, 16);
}
