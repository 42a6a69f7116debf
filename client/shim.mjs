#!/usr/bin/env node
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const program = new URL('../dist/client/cli/main.js', import.meta.url);
if (existsSync(fileURLToPath(program))) {
  const { main } = await import(program.href);
  await main(process.argv.slice(2));
} else {
  console.error(`shim: it is not built yet; run: npm run build (in ${fileURLToPath(new URL('..', import.meta.url))})`);
  process.exitCode = 1;
}
