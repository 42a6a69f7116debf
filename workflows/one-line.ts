/** Text that quotes others, for one line of markdown: in a browser it must not carry tags. */
export function oneLine(text: string): string {
  return text.replace(/[\r\n]+/g, ' ').replaceAll('->', '→').replace(/[<>`|]/g, ' ').slice(0, 300);
}

/** Characters: of a script with four bytes for each the server's limit for a summary, 400 bytes, still holds. */
const summaryLength = 80;

/** Text for a summary, one line: what the timeline shows beside a timer or an activity. */
export function summarize(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > summaryLength ? `${line.slice(0, summaryLength - 1)}…` : line;
}
