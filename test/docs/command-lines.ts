import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CommanderError, type Command } from 'commander';
import { execa } from 'execa';
import { createProgram } from '../../client/cli/main.js';
import { processContext } from '../../client/cli/context.js';
import { projectRoot } from '../support/project-root.js';

/** Without PATH every program is one that is not found: bash hands its words over, and nothing is run. */
const recorder = 'command_not_found_handle() { printf "%s\\0" "$@" "" >> "$RECORDED"; }\nPATH=\n';

/** What a script would run: the words of each command that is no builtin of the shell. @throws Error where bash cannot read it. */
export async function programsRunBy(script: string): Promise<string[][]> {
  const folder = mkdtempSync(join(tmpdir(), 'shim-docs-'));
  try {
    const recorded = join(folder, 'recorded');
    writeFileSync(recorded, '');
    const { exitCode, stderr } = await execa('/bin/bash', ['-c', `${recorder}${script}`], { cwd: folder, env: { RECORDED: recorded }, reject: false, stdin: 'ignore' });
    // Of what it cannot read bash runs nothing.
    if (exitCode === 2) throw new Error(stderr);
    return readFileSync(recorded, 'utf8').split('\0\0').filter(Boolean).map((words) => words.split('\0'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What is wrong with a command line of the project's own programs; null where nothing is, or it is another's. */
export async function problemWith(words: readonly string[]): Promise<string | null> {
  const [program = '', ...rest] = words;
  switch (program) {
    case 'npx':
    case 'sudo':
      return problemWith(rest);
    case 'shim':
      return problemOfShim(rest);
    case 'npm':
      return problemOfNpm(rest);
    case 'node':
      return existsSync(join(projectRoot(), rest[0] ?? '')) ? null : `there is no ${rest[0]}`;
    case 'docker-compose':
      return existsSync(join(projectRoot(), rest[rest.indexOf('-f') + 1] ?? '')) ? null : 'it names no compose file';
    default:
      return null;
  }
}

function problemOfNpm(words: readonly string[]): string | null {
  const script = words[0] === 'test' ? 'test' : words[0] === 'run' ? words.find((word, at) => at > 0 && !word.startsWith('-')) : undefined;
  if (script === undefined) return null;
  const { scripts } = JSON.parse(readFileSync(join(projectRoot(), 'package.json'), 'utf8')) as { scripts: Record<string, string> };
  return script in scripts ? null : `there is no npm script ${script}`;
}

/** Parses a command line of shim as the program does, and runs nothing. */
async function problemOfShim(argv: readonly string[]): Promise<string | null> {
  const program = await createProgram(processContext({ SHIM_HOME: '/nowhere' }));
  disarm(program);
  try {
    await program.parseAsync(argv, { from: 'user' });
    return null;
  } catch (error) {
    if (error instanceof CommanderError) return error.message;
    throw error;
  }
}

function disarm(command: Command): void {
  command.configureOutput({ writeErr: () => undefined });
  if (command.commands.length === 0) command.action(() => undefined);
  for (const sub of command.commands) disarm(sub);
}
