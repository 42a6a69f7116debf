/** Where a line of the log comes from: the agent's two streams, or SHIM itself. */
export type LogStream = 'out' | 'err' | 'shim';

/** A line of a session's log. */
export interface LogLine {
  /** ISO 8601. */
  at: string;
  epoch: number;
  stream: LogStream;
  text: string;
}

/** As it stands in the file: `2026-01-01T00:00:00.000Z 3 out | text`. */
export function formatLine({ at, epoch, stream, text }: LogLine): string {
  return `${at} ${epoch} ${stream} | ${text}\n`;
}

/** The lines of a log's text; what is none is left out. */
export function parseLines(text: string): LogLine[] {
  const lines: LogLine[] = [];
  for (const line of text.split('\n')) {
    const match = /^(\S+) (\d+) (out|err|shim) \| (.*)$/.exec(line);
    if (match) lines.push({ at: match[1] ?? '', epoch: Number(match[2]), stream: match[3] as LogStream, text: match[4] ?? '' });
  }
  return lines;
}
