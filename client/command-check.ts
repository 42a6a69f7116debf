import { statSync } from 'node:fs';
import { HostError } from '../domain/host-requests.js';
import type { SessionSpec } from '../domain/session.js';
import { agentFor } from '../host/agents/registry.js';
import { looksLikeSecret } from '../host/output/redaction.js';
import { BadInputError } from './errors.js';

/** @throws BadInputError if the folder is not there. */
export function checkFolder(cwd: string): void {
  if (cwd.includes('\0') || !statSync(cwd, { throwIfNoEntry: false })?.isDirectory()) {
    throw new BadInputError(`--cwd: ${JSON.stringify(cwd)} is not a folder; make it first, or name another`);
  }
}

/**
 * Checks the command as the host will: by the agent's own adapter.
 *
 * @throws BadInputError if the agent could not be started like this, or an argument would betray a secret.
 */
export function checkCommand(spec: SessionSpec, environment: NodeJS.ProcessEnv): void {
  const { agent, argv, environmentNames } = spec;
  if (argv.length === 0 || (agent === 'command' && argv[0] === '')) throw new BadInputError(`there is nothing to run; it follows after --, as in: ${exampleOf(agent)}`);
  const spoiled = argv.findIndex((argument) => argument.includes('\0'));
  if (spoiled >= 0) throw new BadInputError(`argument ${spoiled + 1} holds a NUL character, which no program can be given`);
  for (const [index, argument] of argv.entries()) {
    const why = looksLikeSecret(argument);
    if (why !== null) throw new BadInputError(`argument ${index + 1} looks like a secret (${why}), and everyone can see arguments; put it into a variable and hand that on: shim run --env NAME -- …`);
  }
  const handedOn = Object.fromEntries(environmentNames.map((name) => [name, environment[name] ?? '']));
  try {
    agentFor(agent).launchFirst({ spec, environment: handedOn, attemptPath: '', checkpointPath: '', epoch: 1 });
  } catch (error) {
    if (error instanceof HostError) throw new BadInputError(error.message);
    throw error;
  }
}

function exampleOf(agent: SessionSpec['agent']): string {
  return agent === 'command' ? 'shim run -- node worker.js' : `shim run --agent ${agent} -- -p "do it"`;
}
