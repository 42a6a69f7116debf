import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { accountOf } from '../../client/account-of.js';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'shim-account-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

function write(file: string, value: unknown): void {
  mkdirSync(join(home, file, '..'), { recursive: true });
  writeFileSync(join(home, file), typeof value === 'string' ? value : JSON.stringify(value));
}

describe('who pays', () => {
  it('is named by a hash of the API key that a host keeps the key of to itself', () => {
    const one = accountOf(home, 'claude-code', { ANTHROPIC_API_KEY: 'sk-one' });
    expect(one).toMatch(/^claude-code\/[0-9a-f]{8}$/);
    expect(accountOf(home, 'claude-code', { ANTHROPIC_API_KEY: 'sk-one', OPENAI_API_KEY: 'x' })).toBe(one);
    expect(accountOf(home, 'claude-code', { ANTHROPIC_API_KEY: 'sk-two' })).not.toBe(one);
    expect(accountOf(home, 'codex', { OPENAI_API_KEY: 'sk-one' })).toMatch(/^codex\/[0-9a-f]{8}$/);
    expect(statSync(join(home, 'account-key')).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(home, 'account-key'))).toHaveLength(32);
    rmSync(join(home, 'account-key'));
    expect(accountOf(home, 'claude-code', { ANTHROPIC_API_KEY: 'sk-one' })).not.toBe(one);
  });

  it('is the login where there is no key, whatever becomes of its tokens', () => {
    write('.claude.json', { oauthAccount: { accountUuid: 'a-1', organizationUuid: 'o-1' }, other: 1 });
    const claude = accountOf(home, 'claude-code', { HOME: home });
    expect(claude).toMatch(/^claude-code\//);
    write('.claude.json', { oauthAccount: { accountUuid: 'a-1', organizationUuid: 'o-1' }, other: 2 });
    expect(accountOf(home, 'claude-code', { HOME: home })).toBe(claude);
    write('.codex/auth.json', { OPENAI_API_KEY: null, tokens: { access_token: 't', account_id: 'c-1' } });
    const codex = accountOf(home, 'codex', { HOME: home });
    expect(codex).toMatch(/^codex\//);
    write('.codex/auth.json', { OPENAI_API_KEY: null, tokens: { access_token: 'renewed', account_id: 'c-1' } });
    expect(accountOf(home, 'codex', { CODEX_HOME: join(home, '.codex') })).toBe(codex);
  });

  it('is nobody for a command, another payer, or a login that is not there or torn', () => {
    expect(accountOf(home, 'command', { ANTHROPIC_API_KEY: 'sk-one' })).toBeNull();
    expect(accountOf(home, 'claude-code', { ANTHROPIC_API_KEY: 'sk-one', CLAUDE_CODE_USE_BEDROCK: '1' })).toBeNull();
    expect(accountOf(home, 'claude-code', { HOME: home })).toBeNull();
    write('.claude.json', '{"oauthAcc');
    expect(accountOf(home, 'claude-code', { HOME: home })).toBeNull();
    write('.codex/auth.json', { tokens: {} });
    expect(accountOf(home, 'codex', { HOME: home })).toBeNull();
  });
});
