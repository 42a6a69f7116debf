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
  const enabled = now && (await systemctl(context, ['daemon-reload'])) && (await systemctl(context, ['enable', '--now', unitName]));
  const byHand = `systemctl --user daemon-reload && systemctl --user enable --now ${unitName}`;
  if (now && !enabled) context.warn(`systemd does not answer here; where it does: ${byHand}`);
  if (json) return context.printJson({ unit, enabled });
  context.print(`wrote ${unit}`);
  if (enabled) context.print('enabled');
  else if (!now) context.print(`enable it with: ${byHand}`);
  // Without it user services begin with the first login, not with the boot.
  context.print('so that it begins with the boot and not with your login: loginctl enable-linger');
}

async function remove(context: CliContext, { json }: InstallOptions): Promise<void> {
  const unit = unitPath(context);
  const removed = existsSync(unit);
  if (removed) {
    await systemctl(context, ['disable', unitName]);
    rmSync(unit);
    await systemctl(context, ['daemon-reload']);
  }
  if (json) return context.printJson({ unit, removed });
  context.print(removed ? `removed ${unit}; what runs goes on (shim down ends the services)` : 'it is not installed');
}

function unitPath({ environment }: CliContext): string {
  return join(environment['XDG_CONFIG_HOME'] ?? join(environment['HOME'] ?? homedir(), '.config'), 'systemd', 'user', unitName);
}

/** @returns whether it was done. */
async function systemctl({ environment }: CliContext, argv: readonly string[]): Promise<boolean> {
  const { failed } = await execa('systemctl', ['--user', ...argv], { env: environment, extendEnv: false, reject: false, stdin: 'ignore', timeout: 60_000 });
  return !failed;
}
