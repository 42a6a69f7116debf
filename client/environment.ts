import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { AgentKind } from '../domain/session.js';
import { environmentFile } from '../host/session-folder.js';
import { BadInputError } from './errors.js';

/** What any program expects of a shell's environment. A name that ends in * stands for all that begin so. */
const everyone = `
  PATH HOME USER LOGNAME SHELL LANG LANGUAGE LC_* TERM COLORTERM TMPDIR TZ XDG_* SSH_AUTH_SOCK
  NODE_ENV NODE_OPTIONS NODE_PATH NODE_EXTRA_CA_CERTS SSL_CERT_FILE SSL_CERT_DIR
  HTTP_PROXY HTTPS_PROXY NO_PROXY ALL_PROXY http_proxy https_proxy no_proxy all_proxy
`
  .trim()
  .split(/\s+/);
const ofAgents: Readonly<Record<AgentKind, readonly string[]>> = {
  'claude-code': ['ANTHROPIC_*', 'CLAUDE_*', 'IS_SANDBOX'],
  codex: ['OPENAI_*', 'CODEX_*', 'IS_SANDBOX'],
  command: [],
};

/** The kernel takes no single value longer than this, with its name, bytes. */
const longestEntry = 131_071;
/** All of them, with the arguments, must fit into the room of an exec; this leaves most of it, bytes. */
const mostTogether = 1_000_000;

/** Names of a session's environment: the allow-list for its agent where set, and `asked` by the person; sorted. */
export function environmentNames(agent: AgentKind, asked: readonly string[], environment: NodeJS.ProcessEnv): string[] {
  for (const name of asked) {
    if (name.includes('=')) throw new BadInputError(`--env ${name.split('=')[0]}: give the name alone; its value is taken from your environment and stays out of the history`);
    if (environment[name] === undefined) throw new BadInputError(`--env ${name}: it is not set here; set it first: export ${name}=…`);
  }
  const allowed = [...everyone, ...ofAgents[agent], ...asked];
  const isAllowed = (name: string) => allowed.some((each) => (each.endsWith('*') ? name.startsWith(each.slice(0, -1)) : each === name));
  const names = Object.keys(environment).filter((name) => /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && isAllowed(name));
  checkSizes(names, environment);
  return names.sort();
}

/** Puts the values where the host finds them, readable by this user alone. They never enter Temporal. */
export function writeEnvironmentFile(home: string, sessionId: string, names: readonly string[], environment: NodeJS.ProcessEnv): void {
  const file = environmentFile(home, sessionId);
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  writeFileSync(file, valuesOf(names, environment), { mode: 0o600, flag: 'wx' });
}

/** Puts other values in their place, for a session that goes on changed. @returns what takes them back. */
export function replaceEnvironmentFile(home: string, sessionId: string, names: readonly string[], environment: NodeJS.ProcessEnv): () => void {
  const file = environmentFile(home, sessionId);
  const before = readFileSync(file);
  const put = (values: string | Buffer) => {
    writeFileSync(`${file}.tmp`, values, { mode: 0o600 });
    renameSync(`${file}.tmp`, file);
  };
  put(valuesOf(names, environment));
  return () => put(before);
}

function valuesOf(names: readonly string[], environment: NodeJS.ProcessEnv): string {
  return JSON.stringify(Object.fromEntries(names.map((name) => [name, environment[name] ?? ''])));
}

/** Takes the values away again, for a session that was not started after all. */
export function removeEnvironmentFile(home: string, sessionId: string): void {
  rmSync(environmentFile(home, sessionId), { force: true });
}

function checkSizes(names: readonly string[], environment: NodeJS.ProcessEnv): void {
  const sizes = names.map((name) => ({ name, bytes: Buffer.byteLength(`${name}=${environment[name] ?? ''}`) }));
  const tooLong = sizes.find(({ bytes }) => bytes > longestEntry);
  if (tooLong) throw new BadInputError(`${tooLong.name} has ${tooLong.bytes} bytes, and no program can be started with more than ${longestEntry} in one variable; shorten or unset it`);
  const total = sizes.reduce((sum, { bytes }) => sum + bytes, 0);
  if (total > mostTogether) throw new BadInputError(`the environment has ${total} bytes, ${mostTogether} are allowed; unset what the agent does not need`);
}
