import { emitKeypressEvents } from 'node:readline';
import { createLogUpdate } from 'log-update';
import type { ScreenSize } from './draw-top.js';
import type { Key } from './top-keys.js';

// xterm's control sequences (ctlseqs): the alternate screen keeps what stood on the terminal before.
const enterAlternate = '\u001b[?1049h\u001b[H';
const leaveAlternate = '\u001b[?1049l';
const clearAll = '\u001b[2J\u001b[H';

const usualSize: ScreenSize = { columns: 80, rows: 24 };

/** The whole terminal, and its keys. However the process ends, the terminal is as it was before. */
export class Screen {
  private readonly write = createLogUpdate(process.stdout);
  private isOpen = false;

  constructor(
    private readonly onKey: (key: Key) => void,
    private readonly onResize: () => void,
  ) {}

  /** Takes the terminal. */
  open(): void {
    if (this.isOpen) return;
    this.isOpen = true;
    // Also after an error that nobody has caught.
    process.on('exit', this.close);
    process.stdout.write(enterAlternate);
    process.stdout.on('resize', this.resized);
    emitKeypressEvents(process.stdin);
    process.stdin.setRawMode(true);
    process.stdin.on('keypress', this.pressed);
    process.stdin.resume();
  }

  /** Gives the terminal back. */
  readonly close = (): void => {
    if (!this.isOpen) return;
    this.isOpen = false;
    process.off('exit', this.close);
    process.stdout.off('resize', this.resized);
    process.stdin.off('keypress', this.pressed);
    process.stdin.setRawMode(false);
    process.stdin.pause();
    // It shows the cursor again.
    this.write.done();
    process.stdout.write(leaveAlternate);
  };

  get size(): ScreenSize {
    const { columns, rows } = process.stdout;
    // A terminal that was told no size has none; and the cursor stands below the last line.
    return { columns: columns || usualSize.columns, rows: Math.max(1, (rows || usualSize.rows) - 1) };
  }

  draw(lines: readonly string[]): void {
    if (this.isOpen) this.write(lines.join('\n'));
  }

  private readonly resized = (): void => {
    this.write.done();
    process.stdout.write(clearAll);
    this.onResize();
  };

  private readonly pressed = (_text: string | undefined, { name, sequence = '', ctrl = false }: { name?: string; sequence?: string; ctrl?: boolean }): void => {
    this.onKey({ name, sequence, ctrl });
  };
}
