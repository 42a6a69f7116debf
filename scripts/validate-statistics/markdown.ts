/** As it is called in the report: what the flat boundary is known by. */
export function shown(method: string): string {
  return method === 'flat boundary' ? 'mSPRT, flat boundary' : method;
}

/** A table, a row a line. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
