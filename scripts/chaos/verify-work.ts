/** What is wrong with an agent's ledger: items that were left out, done twice, or begun and left. The last one may be under way. */
export function wrongInLedger(text: string): string[] {
  const begun = new Map<number, number>();
  const ended = new Map<number, number>();
  for (const line of text.split('\n')) {
    const [word, number] = line.split(' ');
    const counts = word === 'begin' ? begun : word === 'end' ? ended : null;
    if (counts) counts.set(Number(number), (counts.get(Number(number)) ?? 0) + 1);
  }
  const last = Math.max(0, ...begun.keys());
  const wrong: string[] = [];
  for (let item = 1; item <= last; item += 1) {
    const [begins, ends] = [begun.get(item) ?? 0, ended.get(item) ?? 0];
    if (begins === 0) wrong.push(`item ${item} was lost`);
    else if (begins > 1 || ends > 1) wrong.push(`item ${item} was done twice without having been told of (${begins} begins, ${ends} ends)`);
    else if (ends === 0 && item < last) wrong.push(`item ${item} was begun and left`);
  }
  return wrong;
}

/** Items that are done. */
export function itemsDone(text: string): number {
  return text.split('\n').filter((line) => line.startsWith('end ')).length;
}
