import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Programs of the real agents, by kind. */
export interface AgentPrograms {
  'claude-code': string;
  codex: string;
}

/**
 * The whole environment of a real agent that has a home of its own and can reach a stand-in API, and nothing else: the
 * stand-in is its proxy too, and remembers who asked for what.
 *
 * @param home an existing folder.
 * @param url of the stand-in.
 */
export function agentEnvironment(home: string, url: string, programs: AgentPrograms): Record<string, string> {
  const codexHome = join(home, '.codex');
  mkdirSync(codexHome, { recursive: true, mode: 0o700 });
  writeFileSync(join(codexHome, 'config.toml'), codexConfig(url), { mode: 0o600 });
  return {
    PATH: process.env['PATH'] ?? '/usr/bin:/bin',
    HOME: home,
    TMPDIR: home,
    HTTPS_PROXY: url,
    HTTP_PROXY: url,
    NO_PROXY: '127.0.0.1,localhost',
    SHIM_CLAUDE: programs['claude-code'],
    SHIM_CODEX: programs.codex,
    ANTHROPIC_BASE_URL: url,
    ANTHROPIC_API_KEY: 'sk-ant-stand-in',
    CLAUDE_CONFIG_DIR: join(home, '.claude'),
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    CLAUDE_CODE_MAX_RETRIES: '1',
    // Claude Code refuses --dangerously-skip-permissions to root anywhere else.
    IS_SANDBOX: '1',
    CODEX_HOME: codexHome,
    STAND_IN_KEY: 'sk-stand-in',
  };
}

/** Codex with the stand-in as its provider, and without calls to anything else. */
function codexConfig(url: string): string {
  return `model = "gpt-5-codex"
model_provider = "stand-in"
approval_policy = "never"
sandbox_mode = "danger-full-access"
check_for_update_on_startup = false
[analytics]
enabled = false
[features]
plugins = false
remote_plugin = false
apps = false
[model_providers.stand-in]
name = "stand-in"
base_url = "${url}/v1"
env_key = "STAND_IN_KEY"
wire_api = "responses"
request_max_retries = 1
stream_max_retries = 1
`;
}
