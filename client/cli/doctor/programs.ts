import { execa } from 'execa';
import { namesTemporal } from '../../connection.js';
import { findBinary } from '../../../scripts/find-binary.mjs';
import { fail, ok, warn, type Finding } from './finding.js';

const versionTimeoutMs = 10_000;

/** Programs that must be there. */
export async function checkPrograms(environment: NodeJS.ProcessEnv): Promise<Finding[]> {
  return Promise.all([checkNode(), checkRequired('git', ['--version'], environment), checkRequired('sh', ['-c', 'echo present'], environment), checkTemporalCli(environment)]);
}

/** The agents; none of them must be there, for a session may run any command. */
export async function checkAgents(environment: NodeJS.ProcessEnv): Promise<Finding[]> {
  return Promise.all([checkAgent('claude', 'npm install -g @anthropic-ai/claude-code', environment), checkAgent('codex', 'npm install -g @openai/codex', environment)]);
}

function checkNode(): Promise<Finding> {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const fit = major > 20 || (major === 20 && minor >= 3);
  return Promise.resolve(fit ? ok('node', process.version) : fail('node', process.version, 'install Node 20.3 or later'));
}

async function checkRequired(program: string, argv: string[], environment: NodeJS.ProcessEnv): Promise<Finding> {
  const version = await firstLine(program, argv, environment);
  return version === null ? fail(program, 'not found', `install ${program} and have it on PATH`) : ok(program, version);
}

/** Only the embedded Temporal needs it. */
async function checkTemporalCli(environment: NodeJS.ProcessEnv): Promise<Finding> {
  if (namesTemporal(environment)) return ok('temporal cli', 'not needed: the environment names a Temporal');
  const remedy = 'shim up fetches it; or put it on PATH, or set SHIM_TEMPORAL_CLI to its path';
  let path: string | null;
  try {
    path = findBinary('temporal');
  } catch (error) {
    return fail('temporal cli', error instanceof Error ? error.message : String(error), 'mend or unset SHIM_TEMPORAL_CLI');
  }
  if (path === null) return warn('temporal cli', 'the CLI was not found', remedy);
  const version = await firstLine(path, ['--version'], environment);
  return version === null ? fail('temporal cli', `${path} cannot be run`, 'remove it, or set SHIM_TEMPORAL_CLI to another') : ok('temporal cli', version);
}

async function checkAgent(program: string, install: string, environment: NodeJS.ProcessEnv): Promise<Finding> {
  const version = await firstLine(program, ['--version'], environment);
  return version === null ? warn(program, 'not on PATH', `only needed for its own sessions: ${install}`) : ok(program, version);
}

/** The first line a program prints; null where it cannot be run or fails. */
export async function firstLine(program: string, argv: string[], environment: NodeJS.ProcessEnv): Promise<string | null> {
  const { failed, stdout } = await execa(program, argv, { env: environment, extendEnv: false, reject: false, timeout: versionTimeoutMs, stdin: 'ignore', maxBuffer: 100_000 });
  return failed ? null : (stdout.split('\n')[0] ?? '').slice(0, 120);
}
