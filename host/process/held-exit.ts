import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';

/** How a held command ended: its exit code, or the name of the signal that ended it. */
export interface HeldExit {
  exitCode: number | null;
  signal: string | null;
  /** Unix ms, from the exit file. */
  endedAtMs: number;
}

/** More than the last words of a shell. */
const tailBytes = 4_096;

/** How the command in an attempt's folder ended; null while the holder has not said so. */
export function readHeldExit(attemptPath: string): HeldExit | null {
  const file = readTail(join(attemptPath, 'exit'));
  const code = /^(\d{1,3})\n$/.exec(file?.text ?? '')?.[1];
  if (!file || code === undefined) return null;
  const signal = signalOf(Number(code), readTail(join(attemptPath, 'holder.log'))?.text ?? '');
  return { exitCode: signal === null ? Number(code) : null, signal, endedAtMs: Math.round(file.mtimeMs) };
}

/**
 * What shells print for a command that a signal ended: the C library's words (glibc, musl, BSD). They print nothing for
 * SIGINT and SIGPIPE, which therefore stay exit codes.
 */
const signalWords: Readonly<Record<string, string>> = {
  SIGKILL: 'Killed',
  SIGTERM: 'Terminated',
  SIGSEGV: 'Segmentation fault',
  SIGABRT: 'Abort',
  SIGBUS: 'Bus error',
  SIGILL: 'Illegal instruction',
  SIGFPE: 'Floating point exception',
  SIGHUP: 'Hangup',
  SIGQUIT: 'Quit',
  SIGALRM: 'Alarm clock',
  SIGUSR1: 'User defined signal 1',
  SIGUSR2: 'User defined signal 2',
  SIGTRAP: 'Trace/breakpoint trap',
  SIGXCPU: 'CPU time limit exceeded',
  SIGXFSZ: 'File size limit exceeded',
  SIGSYS: 'Bad system call',
  SIGVTALRM: 'Virtual timer expired',
  SIGPROF: 'Profiling timer expired',
};

/** The code gives the number, the shell's last words confirm that it was a signal. */
function signalOf(code: number, holderLog: string): string | null {
  const lastWords = holderLog.trimEnd().split('\n').at(-1) ?? '';
  for (const [name, number] of Object.entries(constants.signals)) {
    const words = signalWords[name];
    if (number === code - 128 && words !== undefined && lastWords.includes(words)) return name;
  }
  return null;
}

/** The end of a file; null where there is none. */
function readTail(path: string): { text: string; mtimeMs: number } | null {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, 'r');
    const { size, mtimeMs } = fstatSync(descriptor);
    const buffer = Buffer.alloc(Math.min(size, tailBytes));
    const length = readSync(descriptor, buffer, 0, buffer.length, Math.max(0, size - tailBytes));
    return { text: buffer.toString('utf8', 0, length), mtimeMs };
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}
