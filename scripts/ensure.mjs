// Makes a fresh clone ready: packages, build, and the programs named as arguments (temporal, test-server, agents).
// Needs nothing but Node, and is instant where all is there.
//
//   node scripts/ensure.mjs temporal test-server
//   node scripts/ensure.mjs --print temporal        prints the program's path
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureBinary } from './find-binary.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const print = process.argv.includes('--print');
const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const say = (text) => process.stderr.write(`shim: ${text}\n`);

function run(what, command, args) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2] });
  if (status === 0) return;
  say(`${what} failed${error ? `: ${error.message}` : ''}`);
  process.exit(1);
}

/** npm keeps the lock file it installed from beside the packages; `npm ci` is due when the project's differs in packages. */
function packagesAreThere() {
  const installed = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(installed)) return false;
  const versions = (file) => Object.entries(JSON.parse(readFileSync(file, 'utf8')).packages).filter(([path, entry]) => path !== '' && entry.optional !== true);
  const have = new Map(versions(installed).map(([path, { version }]) => [path, version]));
  return versions(join(root, 'package-lock.json')).every(([path, { version }]) => have.get(path) === version);
}

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 3)) {
  say(`Node ${process.versions.node} is too old: 20.3 or newer is needed`);
  process.exit(1);
}
const known = ['temporal', 'test-server', 'agents'];
const unknown = wanted.find((name) => !known.includes(name));
if (unknown !== undefined) {
  say(`there is no program ${unknown} to fetch: ${known.join(', ')}`);
  process.exit(1);
}
if (!packagesAreThere()) {
  say('installing packages (npm ci)');
  run('npm ci', process.platform === 'win32' ? 'npm.cmd' : 'npm', ['ci', '--ignore-scripts', '--no-fund', '--no-audit', '--loglevel=error']);
}
run('the build', process.execPath, [join(root, 'scripts', 'build.mjs')]);
try {
  for (const name of wanted) {
    if (name === 'agents') run('installing the agents', process.execPath, [join(root, 'scripts', 'agents.mjs')]);
    else {
      const path = ensureBinary(name, say);
      if (print) process.stdout.write(`${path}\n`);
    }
  }
} catch (error) {
  say(error.message);
  process.exit(1);
}
