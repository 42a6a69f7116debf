/** Text that quotes others, for one line of markdown: in a browser it must not carry tags. */
export function oneLine(text: string): string {
  return text.replace(/[\r\n]+/g, ' ').replace(/[<>`|]/g, ' ').slice(0, 300);
}
