import { appendFileSync, existsSync, readFileSync } from 'node:fs';

/**
 * An external service that cannot take anything back: each item is begun once and ended once, by two writes. Whoever
 * does an item twice, or leaves one half done, is found out.
 */
export class Ledger {
  constructor(private readonly path: string) {}

  begin(item: number): void {
    appendFileSync(this.path, `begin ${item} ${process.pid}\n`);
  }

  end(item: number): void {
    appendFileSync(this.path, `end ${item} ${process.pid}\n`);
  }

  /** The agent has taken in a prompt. */
  prompt(name: string): void {
    appendFileSync(this.path, `prompt ${name} ${process.pid}\n`);
  }

  /** What the service says of an item when asked. */
  stateOf(item: number): 'nothing' | 'begun' | 'done' {
    const lines = existsSync(this.path) ? readFileSync(this.path, 'utf8').split('\n') : [];
    if (lines.some((line) => line.startsWith(`end ${item} `))) return 'done';
    return lines.some((line) => line.startsWith(`begin ${item} `)) ? 'begun' : 'nothing';
  }
}

/** What is wrong with a ledger that should hold the items 1 to `items`, each once. */
export interface LedgerVerdict {
  lost: number[];
  doubled: number[];
  /** Begun and never ended. */
  torn: number[];
}

/** Judges a ledger's text. */
export function verifyLedger(text: string, items: number): LedgerVerdict {
  const count = (word: string, item: number) => text.split('\n').filter((line) => line.startsWith(`${word} ${item} `)).length;
  const verdict: LedgerVerdict = { lost: [], doubled: [], torn: [] };
  for (let item = 1; item <= items; item += 1) {
    const begun = count('begin', item);
    const ended = count('end', item);
    if (begun === 0) verdict.lost.push(item);
    if (begun > 1 || ended > 1) verdict.doubled.push(item);
    if (begun > ended) verdict.torn.push(item);
  }
  return verdict;
}
