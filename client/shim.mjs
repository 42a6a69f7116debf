#!/usr/bin/env node
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const program = new URL('../dist/cli/main.js', import.meta.url);
const ensure = fileURLToPath(new URL('../scripts/ensure.mjs', import.meta.url));
// A fresh clone is made ready by its first command, as npm test and the demo do it; what is said of it goes to stderr.
const status = existsSync(fileURLToPath(program)) ? 0 : spawnSync(process.execPath, [ensure], { stdio: ['ignore', 2, 2] }).status;
if (status === 0) {
  const { main } = await import(program.href);
  await main(process.argv.slice(2));
} else {
  console.error('shim: it is not built, and could not be; what is above says why. To try it alone: npm run ensure');
  process.exitCode = 1;
}
