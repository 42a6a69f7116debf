import { spawn, type ChildProcess } from 'node:child_process';

/** What this process is asked for; `id` names a shell. */
export type SpawnerOrder =
  | { id: number; kind: 'spawn'; cwd: string; environment: Readonly<Record<string, string>> }
  | { id: number; kind: 'write' | 'end'; text: string };

/** What it tells: each shell has either started and later ended, or failed. */
export type SpawnerNotice = { id: number; kind: 'started'; pid: number } | { id: number; kind: 'ended' } | { id: number; kind: 'failed'; code: string; message: string };

/**
 * The process that starts shells for a worker: each in a session of its own, its input from here. It does nothing else, so that it stays small.
 * It ends with the worker, and with it the input of every shell that has not been told all.
 */
const shells = new Map<number, ChildProcess>();

process.on('message', (order: SpawnerOrder) => {
  if (order.kind === 'spawn') start(order);
  else if (order.kind === 'write') shells.get(order.id)?.stdin?.write(order.text);
  else shells.get(order.id)?.stdin?.end(order.text);
});
process.on('disconnect', () => process.exit());
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const) process.on(signal, () => undefined);

function start({ id, cwd, environment }: Extract<SpawnerOrder, { kind: 'spawn' }>): void {
  const failed = (error: unknown) => tell({ id, kind: 'failed', code: codeOf(error), message: error instanceof Error ? error.message : String(error) });
  try {
    const shell = spawn('/bin/sh', ['-s'], { cwd, env: environment, detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
    shell.on('error', failed);
    // One that ends before it has read all is told of by its end.
    shell.stdin.on('error', () => undefined);
    if (shell.pid === undefined) return;
    shells.set(id, shell);
    shell.on('exit', () => {
      shells.delete(id);
      tell({ id, kind: 'ended' });
    });
    tell({ id, kind: 'started', pid: shell.pid });
  } catch (error) {
    failed(error);
  }
}

function tell(notice: SpawnerNotice): void {
  if (process.connected) process.send?.(notice);
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
