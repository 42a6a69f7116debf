import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { execa } from 'execa';
import { ensureShimHome } from '../../../host/shim-home.js';
import type { CliContext } from '../context.js';
import { oneLine } from '../format.js';
import { serviceEnvironment, serviceEnvironmentFile, serviceUnit } from '../service-unit.js';

const unitName = 'shim.service';

interface InstallOptions {
  remove?: true;
  now: boolean;
  json?: true;
}

export function addInstallService(program: Command, context: CliContext): void {
  program
    .command('install-service')
    .description('have systemd bring SHIM up after a boot, so that sessions return by themselves; --remove takes it back')
    .option('--remove', 'take the unit away; what runs goes on')
    .option('--no-now', 'write the unit, and leave it to you to enable it')
    .option('--json', 'print JSON')
    .action((options: InstallOptions) => (options.remove ? remove(context, options) : install(context, options)));
}

async function install(context: CliContext, { now, json }: InstallOptions): Promise<void> {
  const unit = unitPath(context);
  mkdirSync(dirname(unit), { recursive: true });
  const program = fileURLToPath(new URL('../../../../client/shim.mjs', import.meta.url));
  writeFileSync(unit, serviceUnit({ node: process.execPath, program, home: context.home, path: context.environment['PATH'] ?? '' }), { mode: 0o600 });
  const variables = keepEnvironment(context);
  const failure = now ? ((await systemctl(context, ['daemon-reload'])) ?? (await systemctl(context, ['enable', '--now', unitName]))) : null;
  const enabled = now && failure === null;
  const byHand = `systemctl --user daemon-reload && systemctl --user enable --now ${unitName}`;
  if (failure !== null) context.warn(`systemd did not take it (${failure}); once it does: ${byHand}`);
  if (json) return context.printJson({ unit, enabled, variables });
  context.print(`wrote ${unit}`);
  if (variables.length > 0) context.print(`kept for it in ${serviceEnvironmentFile(context.home)}: ${variables.join(', ')}; where one changes: shim install-service again`);
  if (enabled) context.print('enabled');
  else if (!now) context.print(`enable it with: ${byHand}`);
  // Without it user services begin with the first login, not with the boot.
  context.print('so that it begins with the boot and not with your login: loginctl enable-linger');
}

/** @returns the names of what is kept. */
function keepEnvironment({ home, environment }: CliContext): string[] {
  const { names, text } = serviceEnvironment(environment);
  const file = serviceEnvironmentFile(home);
  rmSync(file, { force: true });
  if (names.length === 0) return names;
  ensureShimHome(home);
  writeFileSync(file, text, { mode: 0o600 });
  return names;
}

async function remove(context: CliContext, { json }: InstallOptions): Promise<void> {
  const unit = unitPath(context);
  const removed = existsSync(unit);
  if (removed) {
    await systemctl(context, ['disable', unitName]);
    rmSync(unit);
    rmSync(serviceEnvironmentFile(context.home), { force: true });
    await systemctl(context, ['daemon-reload']);
  }
  if (json) return context.printJson({ unit, removed });
  context.print(removed ? `removed ${unit}; what runs goes on (shim down ends the services)` : 'it is not installed');
}

function unitPath({ environment }: CliContext): string {
  return join(environment['XDG_CONFIG_HOME'] ?? join(environment['HOME'] ?? homedir(), '.config'), 'systemd', 'user', unitName);
}

/** @returns why it was not done, one line; null where it was. */
async function systemctl({ environment }: CliContext, argv: readonly string[]): Promise<string | null> {
  const { failed, stderr, shortMessage } = await execa('systemctl', ['--user', ...argv], { env: environment, extendEnv: false, reject: false, stdin: 'ignore', timeout: 60_000 });
  return failed ? oneLine(stderr || (shortMessage ?? ''), 200) : null;
}
