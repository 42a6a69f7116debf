import { spawn, type ChildProcessByStdio } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';

/** Python's pty gives a program a real terminal; what it shows comes out, what is typed goes in. */
const relay = 'import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))';

/** After the program, the shell tells how it ended and how it left the terminal. */
const script = `stty cols "$1" rows "$2"; shift 2; sh -c 'echo "pid $$"; exec "$@"' sh "$@"; echo "ended $?"; stty -a`;

/** A program on a terminal of a test's own. */
export class Terminal {
  /** All that was shown so far. */
  shown = '';
  private readonly process: ChildProcessByStdio<Writable, Readable, null>;
  private seen = 0;
  private onShown: () => void = () => undefined;

  constructor(size: { columns: number; rows: number }, argv: readonly string[], environment: NodeJS.ProcessEnv) {
    this.process = spawn('python3', ['-c', relay, 'sh', '-c', script, 'sh', String(size.columns), String(size.rows), ...argv], { stdio: ['pipe', 'pipe', 'inherit'], env: { PATH: process.env['PATH'], TERM: 'xterm', ...environment } });
    this.process.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.shown += text;
      this.onShown();
    });
  }

  /** Waits until something is shown that was not when it was last waited for. @throws Error after `withinMs`. */
  async until(wanted: RegExp, withinMs = 45_000): Promise<RegExpExecArray> {
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise((resolve, reject) => {
        const look = () => {
          const match = wanted.exec(this.shown.slice(this.seen));
          if (!match) return;
          this.seen += match.index + match[0].length;
          resolve(match);
        };
        timer = setTimeout(() => reject(new Error(`waited ${withinMs} ms for ${wanted}; shown since: ${JSON.stringify(this.shown.slice(this.seen).slice(-2_000))}`)), withinMs);
        this.onShown = look;
        look();
      });
    } finally {
      clearTimeout(timer);
      this.onShown = () => undefined;
    }
  }

  type(text: string): void {
    this.process.stdin.write(text);
  }

  /** The terminal goes away, as when its window is closed. */
  close(): void {
    this.process.kill('SIGKILL');
  }
}
