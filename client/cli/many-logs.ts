import type { LogLine } from '../../host/output/log-line.js';
import { logStart } from '../../host/output/log-files.js';
import { followLog, readLog } from '../../host/output/read-log.js';
import type { SessionFolder } from '../../host/session-folder.js';
import type { CliContext } from './context.js';

/** New sessions are looked for this often, ms. */
const lookMs = 1_000;

/** Which lines of a log are shown, and how. */
export interface LogView {
  /** The last ones of each session alone. */
  tail?: number;
  /** Not those before, Unix ms. */
  sinceMs?: number;
  json?: true;
}

/** The lines that are asked for. */
export function chosenLines(lines: readonly LogLine[], { tail, sinceMs }: LogView): readonly LogLine[] {
  const recent = sinceMs === undefined ? lines : lines.filter(({ at }) => Date.parse(at) >= sinceMs);
  return tail === undefined ? recent : recent.slice(Math.max(0, recent.length - tail));
}

/** A line of one session for a person. */
export function renderLogLine({ epoch, stream, text }: LogLine, { colours }: Pick<CliContext, 'colours'>): string {
  if (stream === 'shim') return colours.cyan(`${epoch} shim| ${text}`);
  return `${colours.dim(`${epoch} ${stream === 'err' ? 'err ' : 'out '}|`)} ${stream === 'err' ? colours.yellow(text) : text}`;
}

/** Puts the names of sessions before their lines: in one column, each in a colour of its own as long as there are enough. */
export class NamePrefix {
  private readonly paints = new Map<string, (text: string) => string>();
  private width = 0;

  constructor(private readonly colours: CliContext['colours']) {}

  add(name: string): void {
    if (this.paints.has(name)) return;
    const { cyan, yellow, green, magenta, blue, cyanBright, yellowBright, greenBright, magentaBright, blueBright } = this.colours;
    const wheel = [cyan, yellow, green, magenta, blue, cyanBright, yellowBright, greenBright, magentaBright, blueBright];
    this.paints.set(name, wheel[this.paints.size % wheel.length] ?? cyan);
    this.width = Math.max(this.width, name.length);
  }

  of(name: string): string {
    const padded = name.padEnd(this.width);
    return this.paints.get(name)?.(padded) ?? padded;
  }
}

/** The logs of several sessions, by time. */
export class ManyLogs {
  private readonly prefix: NamePrefix;
  private readonly ends = new Map<string, { folder: SessionFolder; end: typeof logStart }>();

  constructor(
    private readonly context: CliContext,
    private readonly view: LogView,
  ) {
    this.prefix = new NamePrefix(context.colours);
  }

  /** Prints what there is. */
  print(folders: readonly SessionFolder[]): void {
    const entries = folders.flatMap((folder) => {
      const { lines, end } = readLog(folder.logPath);
      this.prefix.add(folder.name);
      this.ends.set(folder.name, { folder, end });
      return chosenLines(lines, this.view).map((line) => ({ name: folder.name, line }));
    });
    for (const { name, line } of entries.sort((a, b) => (a.line.at < b.line.at ? -1 : a.line.at > b.line.at ? 1 : 0))) this.show(name, line);
  }

  /** Prints what comes, of sessions too that begin meanwhile. @returns a function that ends it. */
  follow(folders: () => readonly SessionFolder[]): () => void {
    const begin = (folder: SessionFolder, end: typeof logStart) => followLog(folder.logPath, end, (line) => this.show(folder.name, line));
    const unfollow = [...this.ends.values()].map(({ folder, end }) => begin(folder, end));
    const timer = setInterval(() => {
      for (const folder of folders()) {
        if (this.ends.has(folder.name)) continue;
        this.prefix.add(folder.name);
        this.ends.set(folder.name, { folder, end: logStart });
        unfollow.push(begin(folder, logStart));
      }
    }, lookMs);
    return () => {
      clearInterval(timer);
      for (const end of unfollow) end();
    };
  }

  private show(session: string, line: LogLine): void {
    this.context.print(this.view.json ? JSON.stringify({ session, ...line }) : `${this.prefix.of(session)}  ${renderLogLine(line, this.context)}`);
  }
}
