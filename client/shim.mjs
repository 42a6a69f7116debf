#!/usr/bin/env node
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import module from 'node:module';
import { fileURLToPath } from 'node:url';

const program = new URL('../dist/cli/main.js', import.meta.url);
const ensure = fileURLToPath(new URL('../scripts/ensure.mjs', import.meta.url));
// A fresh clone is made ready by its first command, as npm test and the demo do it; what is said of it goes to stderr.
const status = existsSync(fileURLToPath(program)) ? 0 : spawnSync(process.execPath, [ensure], { stdio: ['ignore', 2, 2] }).status;
if (status === 0) {
  // Node 22.8 and later keeps what it has compiled: a fifth of what a short command takes. Beside the build, so that it ends with it; where nobody may write there it goes without.
  module.enableCompileCache?.(fileURLToPath(new URL('../dist/.compile-cache', import.meta.url)));
  const { main } = await import(program.href);
  await main(process.argv.slice(2));
} else {
  console.error('shim: it is not built, and could not be; what is above says why. To try it alone: npm run ensure');
  process.exitCode = 1;
}
