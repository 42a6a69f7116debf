/** Text that quotes others, for one line of markdown: in a browser it must not carry tags. */
export function oneLine(text: string): string {
  return text.replace(/[\r\n]+/g, ' ').replaceAll('->', '→').replace(/[<>`|]/g, ' ').slice(0, 300);
}

/** A moment for people, to the second, UTC: `2026-11-25 22:52:10`. */
export function moment(atMs: number): string {
  return new Date(atMs).toISOString().replace('T', ' ').slice(0, 19);
}
