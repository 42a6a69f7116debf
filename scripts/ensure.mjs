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

/**
 * `npm ci` refuses a lock file that lacks optional packages of other platforms, as one does that was written where the
 * registry did not have them. `npm install --no-save` installs the same locked versions, checks the same hashes and
 * leaves the lock file as it is.
 */
function installPackages() {
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const quiet = ['--ignore-scripts', '--no-fund', '--no-audit', '--loglevel=error'];
  say('installing packages (npm ci)');
  const { status, stderr, error } = spawnSync(npm, ['ci', ...quiet], { cwd: root, stdio: ['ignore', 2, 'pipe'], encoding: 'utf8' });
  if (status === 0) return;
  if (!/\bEUSAGE\b/.test(stderr ?? '')) {
    process.stderr.write(error ? `${error.message}\n` : stderr);
    say('npm ci failed');
    process.exit(1);
  }
  say('npm ci cannot use the lock file as it is; installing its versions with npm install --no-save');
  run('npm install', npm, ['install', '--no-save', ...quiet]);
  if (packagesAreThere()) return;
  say('npm install did not bring the versions that package-lock.json names');
  process.exit(1);
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
if (!packagesAreThere()) installPackages();
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
