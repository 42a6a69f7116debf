import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Tally } from './tally.js';

/** Not part of what is simulated: they may change while a validation goes on. */
const presentation = ['main.js', 'report.js', 'plots.js', 'kept-parts.js', 'figures.js'];

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

  /** @param folder for the files. @param compiled folders whose code the figures depend on. */
  constructor(folder: string, compiled: readonly string[]) {
    this.path = join(folder, `${hashOf(compiled)}.jsonl`);
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

function hashOf(folders: readonly string[]): string {
  const hash = createHash('sha256');
  for (const folder of folders) {
    for (const name of readdirSync(folder).sort()) {
      if (!name.endsWith('.js') || presentation.includes(name)) continue;
      hash.update(name).update(readFileSync(join(folder, name)));
    }
  }
  return hash.digest('hex').slice(0, 16);
}
