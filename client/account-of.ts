import { createHmac, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { madeOnce } from '../host/made-once.js';
import type { AgentKind, SessionSpec } from '../domain/session.js';

/** Characters of the hash in a name: two logins of one person never meet in it. */
const hashLength = 8;

/** Payers whose limits are not the login's own. */
const otherPayers = ['CLAUDE_CODE_USE_BEDROCK', 'CLAUDE_CODE_USE_VERTEX', 'CLAUDE_CODE_USE_FOUNDRY'];

/** Where an agent takes its key from, the first that is set. */
const keyNames: Readonly<Record<AgentKind, readonly string[]>> = {
  'claude-code': ['ANTHROPIC_API_KEY', 'ANTHROPIC_AUTH_TOKEN', 'CLAUDE_CODE_OAUTH_TOKEN'],
  codex: ['CODEX_API_KEY', 'OPENAI_API_KEY'],
  command: [],
};

/** What names the login; tokens are renewed, it stays. */
const claudeLoginSchema = z.object({ oauthAccount: z.object({ accountUuid: z.string().min(1), organizationUuid: z.string().nullish() }) });
const codexLoginSchema = z.object({ tokens: z.object({ account_id: z.string().min(1) }).nullish(), OPENAI_API_KEY: z.string().min(1).nullish() });

/**
 * Who pays for an agent on this host, as `claude-code/3f9c2a71`: its API key or login, hashed with a key that never leaves
 * this host, so that nothing of either can be guessed from the name.
 *
 * @param environment of whoever starts the session.
 * @returns null where nobody can be named: a command, another vendor's payment, a login that is not found.
 */
export function accountOf(home: string, agent: AgentKind, environment: NodeJS.ProcessEnv): string | null {
  const payer = payerOf(agent, environment);
  return payer === null ? null : `${agent}/${createHmac('sha256', accountKey(home)).update(`${agent}\0${payer}`).digest('hex').slice(0, hashLength)}`;
}

/** The session with the account that it names, or else the one that is found here. */
export function withAccount(home: string, spec: SessionSpec, environment: NodeJS.ProcessEnv): SessionSpec {
  const account = spec.account ?? accountOf(home, spec.agent, environment);
  return account === null ? spec : { ...spec, account };
}

function payerOf(agent: AgentKind, environment: NodeJS.ProcessEnv): string | null {
  if (agent === 'command' || otherPayers.some((name) => environment[name])) return null;
  const key = keyNames[agent].map((name) => environment[name]).find(Boolean);
  if (key !== undefined) return key;
  return agent === 'codex' ? codexLogin(environment) : claudeLogin(environment);
}

function claudeLogin(environment: NodeJS.ProcessEnv): string | null {
  const login = readJson(join(environment['CLAUDE_CONFIG_DIR'] ?? environment['HOME'] ?? '/', '.claude.json'), claudeLoginSchema);
  return login && `${login.oauthAccount.accountUuid} ${login.oauthAccount.organizationUuid ?? ''}`;
}

function codexLogin(environment: NodeJS.ProcessEnv): string | null {
  const login = readJson(join(environment['CODEX_HOME'] ?? join(environment['HOME'] ?? '/', '.codex'), 'auth.json'), codexLoginSchema);
  return login?.tokens?.account_id ?? login?.OPENAI_API_KEY ?? null;
}

/** Null where there is no such file, or not what it should be: then nobody is named. */
function readJson<T>(path: string, schema: z.ZodType<T>): T | null {
  try {
    return schema.safeParse(JSON.parse(readFileSync(path, 'utf8'))).data ?? null;
  } catch (error) {
    if (error instanceof SyntaxError || (error instanceof Error && 'code' in error)) return null;
    throw error;
  }
}

/** The host's own key, made once; readable by this user alone. */
function accountKey(home: string): Buffer {
  const file = join(home, 'account-key');
  return madeOnce(file, randomBytes(32));
}
