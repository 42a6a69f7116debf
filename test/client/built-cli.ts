import { execa } from 'execa';
import { join } from 'node:path';

const program = join(import.meta.dirname, '../../client/shim.mjs');

/** Runs the CLI as it is shipped: the built program, a process of its own. @param environment besides PATH and HOME, the whole of it. @param input what it reads from stdin. */
export async function runCli(argv: readonly string[], environment: Readonly<Record<string, string>>, input?: string): Promise<{ exitCode: number | undefined; stdout: string; stderr: string }> {
  const env = { PATH: process.env['PATH'] ?? '', HOME: environment['SHIM_HOME'] ?? '/', ...environment };
  const { exitCode, stdout, stderr } = await execa(process.execPath, [program, ...argv], { env, extendEnv: false, reject: false, ...(input === undefined ? { stdin: 'ignore' } : { input }), timeout: 120_000 });
  return { exitCode, stdout, stderr };
}
