// Compiles to dist/ and bundles the workflows, so that a worker starts without bundling. Does nothing where the sources
// are those of the last build.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const sources = ['domain', 'workflows', 'host', 'analytics', 'activities', 'workers', 'client', 'examples', 'bench', 'scripts', 'test/fixtures', 'test/support'];
const stampFile = join(root, 'dist', '.built-from');

function hashSources() {
  const hash = createHash('sha256');
  const files = ['package-lock.json', 'tsconfig.json', 'tsconfig.build.json', 'index.ts'];
  for (const folder of sources) {
    if (!existsSync(join(root, folder))) continue;
    for (const entry of readdirSync(join(root, folder), { recursive: true, withFileTypes: true })) {
      if (entry.isFile() && /\.(ts|mjs|mts)$/.test(entry.name)) files.push(join(entry.parentPath ?? entry.path, entry.name).slice(root.length));
    }
  }
  for (const file of files.sort()) if (existsSync(join(root, file))) hash.update(`${file}\0`).update(readFileSync(join(root, file)));
  return hash.digest('hex');
}

const stamp = hashSources();
if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) process.exit(0);
process.stderr.write('shim: building\n');
rmSync(join(root, 'dist'), { recursive: true, force: true });
const compiled = spawnSync(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', 'tsconfig.build.json'], { cwd: root, stdio: ['ignore', 2, 2] });
if (compiled.status !== 0) process.exit(compiled.status ?? 1);
// The lookup of binaries is shared with the scripts that run before there is a build.
mkdirSync(join(root, 'dist', 'scripts'), { recursive: true });
copyFileSync(join(root, 'scripts', 'find-binary.mjs'), join(root, 'dist', 'scripts', 'find-binary.mjs'));
const { bundleWorkflowCode } = await import('@temporalio/worker');
const quiet = { log() {}, trace() {}, debug() {}, info() {}, warn: console.error, error: console.error };
const { code } = await bundleWorkflowCode({ workflowsPath: join(root, 'dist', 'workflows', 'index.js'), logger: quiet });
writeFileSync(join(root, 'dist', 'workflow-bundle.js'), code);
writeFileSync(stampFile, stamp);
