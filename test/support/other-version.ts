import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { projectRoot } from './project-root.js';

/** SHIM as it is installed in another version: the compiled programs, another version number, the same packages. */
export class OtherVersion {
  private readonly root = mkdtempSync(join(tmpdir(), 'shim-version-'));

  constructor(readonly version: string) {
    const here = projectRoot();
    cpSync(join(here, 'dist'), join(this.root, 'dist'), { recursive: true });
    mkdirSync(join(this.root, 'client'));
    cpSync(join(here, 'client', 'shim.mjs'), join(this.root, 'client', 'shim.mjs'));
    symlinkSync(join(here, 'node_modules'), join(this.root, 'node_modules'));
    const packed = JSON.parse(readFileSync(join(here, 'package.json'), 'utf8')) as Record<string, unknown>;
    writeFileSync(join(this.root, 'package.json'), JSON.stringify({ ...packed, version }));
  }

  /** Runs its CLI. @param environment the whole of it. */
  async run(argv: readonly string[], environment: NodeJS.ProcessEnv): Promise<{ exitCode: number | undefined; stdout: string; stderr: string }> {
    const { exitCode, stdout, stderr } = await execa(process.execPath, [join(this.root, 'client', 'shim.mjs'), ...argv], { env: environment, extendEnv: false, reject: false, stdin: 'ignore', timeout: 90_000 });
    return { exitCode, stdout, stderr };
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}
