import { setTimeout as delay } from 'node:timers/promises';
import { readLog, followLog } from '../../../host/output/read-log.js';
import { SessionFolder } from '../../../host/session-folder.js';
import { LiveLook } from '../../live-look.js';
import { findSession } from '../../session-directory.js';
import type { CliContext } from '../context.js';
import { oneLine } from '../format.js';
import { asker } from '../session-command.js';
import { wrapped } from '../text-width.js';
import { explain, renderExplanation } from '../why/explain.js';
import { drawTop } from './draw-top.js';
import { Screen } from './screen.js';
import { press, type Key, type TopAction } from './top-keys.js';
import { firstState, looked, type TopState } from './top-state.js';

const lookEveryMs = 1_000;
const logLinesKept = 2_000;

/** Lines that a page has less than the screen. */
const headAndFoot = 5;

/** Shows everything until a person or a signal ends it. */
export async function runTop(context: CliContext): Promise<void> {
  await new Top(context).run();
}

class Top {
  private state: TopState = firstState;
  private readonly live: LiveLook;
  private readonly screen = new Screen(
    (key) => this.press(key),
    () => this.draw(),
  );
  private readonly ending = new AbortController();
  private failure: unknown = null;
  private unfollow: () => void = () => undefined;

  constructor(private readonly context: CliContext) {
    this.live = new LiveLook(context.home, context.environment);
  }

  async run(): Promise<void> {
    const end = () => this.ending.abort();
    // Not once: what gives the cursor back at the end of a process ends it where nobody else listens any more.
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, end);
    this.screen.open();
    try {
      while (!this.ending.signal.aborted) {
        const look = await this.live.look(this.state.chosen);
        // Keys were pressed meanwhile: the state is the present one.
        this.state = looked(this.state, look);
        this.draw();
        await delay(lookEveryMs, undefined, { signal: this.ending.signal }).catch(() => undefined);
      }
    } finally {
      this.unfollow();
      this.screen.close();
      await this.live.close();
    }
    if (this.failure !== null) throw this.failure;
  }

  private draw(): void {
    this.screen.draw(drawTop(this.state, this.screen.size, this.context.colours, Date.now()));
  }

  private press(key: Key): void {
    const { state, action } = press(this.state, key, Math.max(1, this.screen.size.rows - headAndFoot));
    this.state = state;
    if (state.mode !== 'text') this.unfollow();
    if (action) this.act(action).catch((error: unknown) => this.fail(error));
    this.draw();
  }

  private async act(action: TopAction): Promise<void> {
    switch (action.kind) {
      case 'quit':
        this.ending.abort();
        return;
      case 'suspend':
        return this.suspend();
      case 'command':
        return this.command(action);
      case 'logs':
        return this.showLog(action.name);
      case 'why':
        return this.showWhy(action.name);
    }
  }

  /** As any program of a terminal does at Ctrl-Z; `fg` brings it back. */
  private suspend(): void {
    this.screen.close();
    process.once('SIGCONT', () => {
      this.screen.open();
      this.draw();
    });
    process.kill(process.pid, 'SIGTSTP');
  }

  private async command({ command, name }: Extract<TopAction, { kind: 'command' }>): Promise<void> {
    this.say(`${command} ${name} …`);
    try {
      this.say((await this.live.command(command, name, asker(this.context, {}))).message);
    } catch (error) {
      this.say(error instanceof Error ? error.message : String(error));
    }
  }

  private showLog(name: string): void {
    const { logPath } = new SessionFolder(this.context.home, name);
    const { lines, end } = readLog(logPath);
    const text = lines.slice(-logLinesKept).map(lineOf);
    this.state = { ...this.state, mode: 'text', text: { title: `${name}: what it has put out on this machine`, lines: text, from: null } };
    this.unfollow = followLog(logPath, end, (line) => {
      if (this.state.text) this.state = { ...this.state, text: { ...this.state.text, lines: [...this.state.text.lines, lineOf(line)].slice(-logLinesKept) } };
      this.draw();
    });
    this.draw();
  }

  private async showWhy(name: string): Promise<void> {
    this.say(`why ${name} …`);
    try {
      const { value } = await findSession(this.context.home, name, this.context.environment);
      const lines = renderExplanation(explain(value.view, value.records), Date.now()).split('\n').flatMap((line) => wrapped(line, this.screen.size.columns, true));
      this.state = { ...this.state, mode: 'text', message: '', text: { title: `why ${name}`, lines, from: 0 } };
      this.draw();
    } catch (error) {
      this.say(error instanceof Error ? error.message : String(error));
    }
  }

  private say(message: string): void {
    this.state = { ...this.state, message };
    this.draw();
  }

  private fail(error: unknown): void {
    this.failure = error;
    this.ending.abort();
  }
}

function lineOf({ epoch, stream, text }: { epoch: number; stream: string; text: string }): string {
  return oneLine(`${epoch} ${stream.padEnd(4)}| ${text}`, 1_000);
}
