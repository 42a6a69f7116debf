import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { execa } from 'execa';
import type { CliContext } from '../context.js';
import { serviceUnit } from '../service-unit.js';

const unitName = 'shim.service';

interface InstallOptions {
  remove?: true;
  now: boolean;
}

export function addInstallService(program: Command, context: CliContext): void {
  program
    .command('install-service')
    .description('have systemd bring SHIM up after a boot, so that sessions return by themselves; --remove takes it back')
    .option('--remove', 'take the unit away; what runs goes on')
    .option('--no-now', 'write the unit, and leave it to you to enable it')
    .action((options: InstallOptions) => (options.remove ? remove(context) : install(context, options)));
}

async function install(context: CliContext, { now }: InstallOptions): Promise<void> {
  const path = unitPath(context);
  mkdirSync(dirname(path), { recursive: true });
  const program = fileURLToPath(new URL('../../../../client/shim.mjs', import.meta.url));
  writeFileSync(path, serviceUnit({ node: process.execPath, program, home: context.home, path: context.environment['PATH'] ?? '' }), { mode: 0o600 });
  context.print(`wrote ${path}`);
  const byHand = `systemctl --user daemon-reload && systemctl --user enable --now ${unitName}`;
  if (!now) context.print(`enable it with: ${byHand}`);
  else if (!(await systemctl(context, ['daemon-reload'])) || !(await systemctl(context, ['enable', '--now', unitName]))) {
    context.warn(`systemd does not answer here; where it does: ${byHand}`);
  } else context.print('enabled');
  // Without it user services begin with the first login, not with the boot.
  context.print('so that it begins with the boot and not with your login: loginctl enable-linger');
}

async function remove(context: CliContext): Promise<void> {
  const path = unitPath(context);
  if (!existsSync(path)) return context.print('it is not installed');
  await systemctl(context, ['disable', unitName]);
  rmSync(path);
  await systemctl(context, ['daemon-reload']);
  context.print(`removed ${path}; what runs goes on (shim down ends the services)`);
}

function unitPath({ environment }: CliContext): string {
  return join(environment['XDG_CONFIG_HOME'] ?? join(environment['HOME'] ?? homedir(), '.config'), 'systemd', 'user', unitName);
}

/** @returns whether it was done. */
async function systemctl({ environment }: CliContext, argv: readonly string[]): Promise<boolean> {
  const { failed } = await execa('systemctl', ['--user', ...argv], { env: environment, extendEnv: false, reject: false, stdin: 'ignore', timeout: 60_000 });
  return !failed;
}
