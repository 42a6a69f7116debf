import { fork, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { SpawnerNotice, SpawnerOrder } from './shell-spawner-process.js';

/** Compiled, it is beside this module; where this module is run as it was written, in the build. */
const program = ['./shell-spawner-process.js', '../../dist/host/process/shell-spawner-process.js'].map((path) => fileURLToPath(new URL(path, import.meta.url))).find((path) => existsSync(path));

/** A machine that takes longer to start a process is one on which it is asked for again, ms. */
const patienceMs = 10_000;

/** What a shell is started with. */
export interface ShellPlace {
  cwd: string;
  environment: Readonly<Record<string, string>>;
}

/** A shell that the small process has started for this one: it reads its script from here, and its input ends where this process does. */
export class SpawnedShell {
  private readonly listeners = new Set<() => void>();
  private gone = false;

  /** @param pid rejects where it could not be started. */
  constructor(
    readonly pid: Promise<number>,
    private readonly order: (order: { kind: 'write' | 'end'; text: string }) => void,
  ) {
    // Who waits for it is told; that nobody does is no error.
    pid.catch(() => undefined);
  }

  /** It has ended, or nobody is told any more whether it has. */
  get isGone(): boolean {
    return this.gone;
  }

  write(text: string): void {
    this.order({ kind: 'write', text });
  }

  end(text = ''): void {
    this.order({ kind: 'end', text });
  }

  /** @returns what ends the telling. */
  onGone(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** For who has started it. */
  tellGone(): void {
    this.gone = true;
    for (const listener of this.listeners) listener();
  }
}

interface PendingStart {
  resolve: (pid: number) => void;
  reject: (error: Error) => void;
  patience: NodeJS.Timeout;
}

/**
 * Starts shells in a small process of its own. A fork copies the page tables of the whole process, which for a worker of 200 MB takes 4 ms of
 * processor time, and some more for every page that is written to afterwards; the small one takes 0.7 ms. It ends with this process.
 */
export class ShellSpawner {
  private spawner: ChildProcess | null = null;
  private readonly shells = new Map<number, SpawnedShell>();
  /** Those whose pid is not known yet. */
  private readonly pending = new Map<number, PendingStart>();
  private lastId = 0;

  /** Starts the small process, if there is none, so that the first shell need not wait for it. */
  warm(): void {
    this.spawner ??= this.startSpawner();
  }

  spawn({ cwd, environment }: ShellPlace): SpawnedShell {
    this.warm();
    const { spawner } = this;
    this.lastId += 1;
    const id = this.lastId;
    const pid = new Promise<number>((resolve, reject) => this.pending.set(id, { resolve, reject, patience: setTimeout(() => spawner?.kill('SIGKILL'), patienceMs) }));
    const shell = new SpawnedShell(pid, (order) => send(spawner, { id, ...order }));
    this.shells.set(id, shell);
    spawner?.channel?.ref();
    send(spawner, { id, kind: 'spawn', cwd, environment });
    return shell;
  }

  private startSpawner(): ChildProcess {
    if (program === undefined) throw new Error('the program that starts shells is not there; build it: npm run build');
    // Signals are for this process; that one ends with it. Its folder is nobody's, its environment empty: it has nothing to hide or to hold.
    const spawner = fork(program, [], { cwd: '/', env: {}, execArgv: ['--max-old-space-size=32'], stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
    spawner.on('message', (notice: SpawnerNotice) => this.noticed(notice));
    spawner.on('error', (error) => this.ended(spawner, error));
    spawner.on('exit', (code, signal) => this.ended(spawner, new Error(`the process that starts shells has ended: ${signal ?? code}`)));
    spawner.unref();
    spawner.channel?.unref();
    return spawner;
  }

  private noticed(notice: SpawnerNotice): void {
    if (notice.kind === 'started') this.takePending(notice.id)?.resolve(notice.pid);
    else this.lose(notice.id, notice.kind === 'failed' ? Object.assign(new Error(`cannot start /bin/sh: ${notice.message}`), { code: notice.code }) : new Error('the shell has ended'));
  }

  private lose(id: number, error: Error): void {
    this.takePending(id)?.reject(error);
    const shell = this.shells.get(id);
    this.shells.delete(id);
    shell?.tellGone();
  }

  private takePending(id: number): PendingStart | undefined {
    const start = this.pending.get(id);
    clearTimeout(start?.patience);
    this.pending.delete(id);
    if (this.pending.size === 0) this.spawner?.channel?.unref();
    return start;
  }

  /** Its shells live on where they have been told what to run; of their end nobody is told. The next one starts another. */
  private ended(spawner: ChildProcess, error: Error): void {
    if (this.spawner !== spawner) return;
    this.spawner = null;
    for (const id of this.shells.keys()) this.lose(id, error);
  }
}

/** A channel that has closed is told of by the end of its process. */
function send(spawner: ChildProcess | null, order: SpawnerOrder): void {
  if (spawner?.connected) spawner.send(order, () => undefined);
}
