import { execa } from 'execa';
import { mkdtemp, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../..');

/** The CLI as it is shipped: compiled JavaScript, run by node as a process of its own. */
export interface BuiltCli {
  /** @param environment besides PATH and HOME, the whole of it. */
  run: (argv: readonly string[], environment: Readonly<Record<string, string>>) => Promise<{ exitCode: number | undefined; stdout: string; stderr: string }>;
  remove: () => Promise<void>;
}

/** Compiles the sources into a folder from which node finds the packages. */
export async function buildCli(): Promise<BuiltCli> {
  const folder = await mkdtemp(join(root, 'node_modules', '.built-cli-'));
  // Types are checked elsewhere; here only the JavaScript counts.
  await execa(join(root, 'node_modules/.bin/tsc'), ['-p', join(root, 'tsconfig.build.json'), '--outDir', folder, '--noCheck', '--declaration', 'false', '--sourceMap', 'false']);
  const program = `const { main } = await import(${JSON.stringify(join(folder, 'client/cli/main.js'))}); await main(process.argv.slice(1));`;
  return {
    run: async (argv, environment) => {
      const options = { env: { PATH: process.env['PATH'] ?? '', HOME: environment['SHIM_HOME'] ?? '/', ...environment }, extendEnv: false, reject: false, stdin: 'ignore', timeout: 30_000 } as const;
      const { exitCode, stdout, stderr } = await execa(process.execPath, ['--input-type=module', '-e', program, '--', ...argv], options);
      return { exitCode, stdout, stderr };
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
