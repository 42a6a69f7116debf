import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import module from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { projectRoot } from '../../support/project-root.js';

describe('shim in a clone that was never built', () => {
  let clone: string;
  beforeEach(() => {
    clone = mkdtempSync(join(tmpdir(), 'shim-clone-'));
    mkdirSync(join(clone, 'scripts'));
    cpSync(join(projectRoot(), 'client', 'shim.mjs'), join(clone, 'client', 'shim.mjs'));
  });
  afterEach(() => rmSync(clone, { recursive: true }));

  /** @param script what stands for the installation and the build, which take a minute. */
  const run = (script: string) => {
    writeFileSync(join(clone, 'scripts', 'ensure.mjs'), script);
    return execa(process.execPath, [join(clone, 'client', 'shim.mjs'), 'status', '--json'], { reject: false, stdin: 'ignore' });
  };

  it('makes it ready and goes on with the command, whose output is its own', async () => {
    const result = await run(`
      import { mkdirSync, writeFileSync } from 'node:fs';
      const folder = new URL('../dist/cli/', import.meta.url);
      mkdirSync(folder, { recursive: true });
      writeFileSync(new URL('main.js', folder), 'exports.main = (argv) => console.log(argv.join());');
      console.log('shim: building');`);
    expect(result).toMatchObject({ exitCode: 0, stdout: 'status,--json', stderr: 'shim: building' });
  });

  it('keeps what Node has compiled beside the build, where Node can', async () => {
    await run(`
      import { mkdirSync, writeFileSync } from 'node:fs';
      const folder = new URL('../dist/cli/', import.meta.url);
      mkdirSync(folder, { recursive: true });
      writeFileSync(new URL('main.js', folder), 'exports.main = () => undefined;');`);
    expect(readdirSync(join(clone, 'dist')).includes('.compile-cache')).toBe('enableCompileCache' in module);
  });

  it('says that it could not, and how to try again', async () => {
    const result = await run(`console.error('no space left'); process.exit(1);`);
    expect(result).toMatchObject({ exitCode: 1, stdout: '', stderr: expect.stringMatching(/^no space left\nshim: .*npm run ensure$/) });
  });
});
