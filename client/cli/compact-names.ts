/** Names in few words: those that count up from one another are told by the first and the last. */
export function compactNames(names: readonly string[]): string {
  const parts: string[] = [];
  let run: { stem: string; first: number; last: number } | null = null;
  const close = () => {
    if (!run) return;
    const { stem, first, last } = run;
    if (last - first >= 2) parts.push(`${stem}${first} … ${stem}${last}`);
    else for (let n = first; n <= last; n += 1) parts.push(`${stem}${n}`);
    run = null;
  };
  for (const name of names) {
    const [, stem, digits] = /^(.*-)([1-9]\d{0,5})$/.exec(name) ?? [];
    const n = Number(digits);
    if (run && stem === run.stem && n === run.last + 1) {
      run.last = n;
      continue;
    }
    close();
    if (stem === undefined) parts.push(name);
    else run = { stem, first: n, last: n };
  }
  close();
  return parts.join(', ');
}
