// Installs the agents that the tests run for real, each once, and prints where their programs are:
// {"claude-code": "/…/claude", "codex": "/…/codex"}. Needs nothing but Node and npm.
//
// node scripts/agents.mjs [claude-code] [codex]   (both where none is named)
import { spawnSync } from 'node:child_process';
import { accessSync, constants, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The versions that the recorded lines under test/ come from. */
export const agents = {
  'claude-code': { package: '@anthropic-ai/claude-code', version: '2.1.330', program: 'claude' },
  codex: { package: '@openai/codex', version: '0.169.0', program: 'codex' },
};

/** Where installed agents lie; $SHIM_CACHE moves the cache. */
export function agentsFolder(environment = process.env) {
  return join(environment.SHIM_CACHE ?? join(homedir(), '.cache', 'shim'), 'agents');
}

/**
 * The path of an agent's program, installed first where it is missing. A folder appears by rename when it is whole, so
 * that an install that was cut off, or two at once, do no harm.
 *
 * @throws Error where npm cannot install it.
 */
export function ensureAgent(kind, folder = agentsFolder()) {
  const agent = agents[kind];
  if (!agent) throw new Error(`unknown agent ${JSON.stringify(kind)}; known: ${Object.keys(agents).join(', ')}`);
  const home = join(folder, `${kind}-${agent.version}`);
  const program = join(home, 'node_modules', '.bin', agent.program);
  if (isExecutable(program)) return program;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const building = mkdtempSync(join(folder, '.install-'));
  try {
    install(agent, building);
    rmSync(home, { recursive: true, force: true });
    renameSync(building, home);
  } catch (error) {
    // Another process was faster: its folder is as good.
    if (!isExecutable(program)) throw error;
  } finally {
    rmSync(building, { recursive: true, force: true });
  }
  if (!isExecutable(program)) throw new Error(`${agent.package}@${agent.version} was installed, but ${program} cannot be run; remove ${home} and try again`);
  return program;
}

function install({ package: name, version }, folder) {
  writeFileSync(join(folder, 'package.json'), '{"private": true}\n');
  const { status, error } = spawnSync('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error', `${name}@${version}`], {
    cwd: folder,
    // Standard output is for the paths alone.
    stdio: ['ignore', 2, 2],
  });
  if (error) throw new Error(`npm cannot be run: ${error.message}`, { cause: error });
  if (status !== 0) throw new Error(`npm could not install ${name}@${version} (exit ${status}); is the registry reachable?`);
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const kinds = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(agents);
  try {
    console.log(JSON.stringify(Object.fromEntries(kinds.map((kind) => [kind, ensureAgent(kind)]))));
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
