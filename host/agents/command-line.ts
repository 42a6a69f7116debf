import { basename } from 'node:path';
import type { ConversationClaim } from '../../domain/second-writer.js';

/** Programs that run another one, which their first argument that is no flag names. */
const interpreters: ReadonlySet<string> = new Set(['node', 'bun', 'deno', 'sh', 'bash', 'dash']);

/**
 * The arguments that a process gave to a program, run by itself or by an interpreter.
 *
 * @param argv of the process. @param isProgram whether a path is that of the program. @returns null where it runs something else.
 */
export function argumentsOf(argv: readonly string[], isProgram: (path: string) => boolean): string[] | null {
  const [program = '', ...rest] = argv;
  if (isProgram(program)) return rest;
  if (!interpreters.has(basename(program))) return null;
  const at = rest.findIndex((argument) => !argument.startsWith('-'));
  const script = rest[at];
  return script !== undefined && isProgram(script) ? rest.slice(at + 1) : null;
}

/** A process's program by its name: the script where an interpreter runs one. */
export function programName([program = '', script]: readonly string[]): string {
  const runsScript = interpreters.has(basename(program)) && script !== undefined && !script.startsWith('-');
  return basename(runsScript ? script : program);
}

/** What arguments say of the conversation: the value of a flag that names one, or a flag that means the newest. */
export function claimOf(args: readonly string[], naming: readonly string[], newest: readonly string[]): ConversationClaim {
  for (const [at, argument] of args.entries()) {
    const [flag = '', inline] = argument.startsWith('--') ? splitOnce(argument) : [argument];
    const value = inline ?? args[at + 1];
    if (naming.includes(flag) && value !== undefined && !value.startsWith('-')) return { kind: 'conversation', id: value };
    if (newest.includes(argument)) return { kind: 'newest' };
  }
  return { kind: 'none' };
}

function splitOnce(argument: string): [string, string | undefined] {
  const at = argument.indexOf('=');
  return at < 0 ? [argument, undefined] : [argument.slice(0, at), argument.slice(at + 1)];
}
