// Compiles to dist/ and bundles the workflows, so that a worker starts without bundling, and the CLI, so that it starts soon.
// Does nothing where the sources are those of the last build.
//
//   node scripts/build.mjs --lenient        builds despite type errors
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleCli } from './bundle-cli.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const sources = ['domain', 'workflows', 'host', 'analytics', 'activities', 'workers', 'client', 'examples', 'bench', 'scripts', 'test/fixtures', 'test/support'];
const dist = join(root, 'dist');
const stampFile = join(dist, '.built-from');

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

/** Of all that is run; source maps and types are not. */
function hashCode(folder) {
  const hash = createHash('sha256');
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile() && /\.m?js$/.test(entry.name));
  for (const path of files.map((entry) => join(entry.parentPath ?? entry.path, entry.name)).sort()) hash.update(`${path.slice(folder.length)}\0`).update(readFileSync(path));
  return hash.digest('hex');
}

/** What a build left behind that was killed. */
function removeAbandoned() {
  for (const entry of readdirSync(root)) {
    const pid = Number(/^\.dist-(\d+)(\.old)?$/.exec(entry)?.[1] ?? NaN);
    if (pid > 0 && !isRunning(pid)) rmSync(join(root, entry), { recursive: true, force: true });
  }
}

function isRunning(pid) {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Puts the finished build in the old one's place. Another build may do the same at this moment: either is as good. */
function putInPlace(built) {
  const old = `${built}.old`;
  for (let tries = 1; ; tries += 1) {
    try {
      if (existsSync(dist)) renameSync(dist, old);
      renameSync(built, dist);
      break;
    } catch (error) {
      if (tries === 5) throw error;
    }
    rmSync(old, { recursive: true, force: true });
  }
  rmSync(old, { recursive: true, force: true });
}

const lenient = process.argv.includes('--lenient');
const stamp = hashSources();
if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) process.exit(0);
process.stderr.write('shim: building\n');
removeAbandoned();
// Beside dist/, so that what runs from there goes on until the new build is whole, and source maps point to the sources.
const building = join(root, `.dist-${process.pid}`);
process.on('exit', () => rmSync(building, { recursive: true, force: true }));
const compiled = spawnSync(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', 'tsconfig.build.json', '--outDir', building], { cwd: root, stdio: ['ignore', 2, 2] });
if (compiled.status !== 0 && !lenient) process.exit(compiled.status ?? 1);
// The lookup of binaries is shared with the scripts that run before there is a build.
mkdirSync(join(building, 'scripts'), { recursive: true });
copyFileSync(join(root, 'scripts', 'find-binary.mjs'), join(building, 'scripts', 'find-binary.mjs'));
const { bundleWorkflowCode } = await import('@temporalio/worker');
const quiet = { log() {}, trace() {}, debug() {}, info() {}, warn: console.error, error: console.error };
const workflow = (module) => join(building, 'workflows', `${module}.js`);
const { code } = await bundleWorkflowCode({ workflowsPath: workflow('index'), preloadModules: [workflow('shared-modules')], logger: quiet });
writeFileSync(join(building, 'workflow-bundle.js'), code);
await bundleCli(building);
// What runs is told apart from what is installed by the code itself.
writeFileSync(join(building, '.build-id'), hashCode(building));
// A build despite type errors is not one to be kept.
writeFileSync(join(building, '.built-from'), compiled.status === 0 ? stamp : '');
putInPlace(building);
