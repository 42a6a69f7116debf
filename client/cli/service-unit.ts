import { join } from 'node:path';

/** What a unit is made of; paths are absolute. */
export interface ServiceUnitParts {
  node: string;
  program: string;
  home: string;
  /** PATH, on which agents and git are found. */
  path: string;
}

/** What decides where SHIM's services find what is theirs; what an attempt is told by its environment is none of it. */
const serviceVariables = /^(TEMPORAL_\w+|STATSIG_\w+|SHIM_(DATABASE_URL|PAYLOAD_KEYS|UI_URL|ALERT_WEBHOOK|TEMPORAL_CLI|VERIFY_HOURS|LOG_LEVEL|(METRICS|CONTROL_METRICS|ALERT|TEMPORAL|UI|TEMPORAL_METRICS)_PORT))$/;

/** Where the unit reads them, beside the rest that is private. */
export function serviceEnvironmentFile(home: string): string {
  return join(home, 'service.env');
}

/**
 * The environment in which services are to come up after a boot, as an EnvironmentFile (systemd.exec(5)) has it: without it they would
 * begin a Temporal of their own where another was meant.
 *
 * @returns the names, and the file's text.
 */
export function serviceEnvironment(environment: NodeJS.ProcessEnv): { names: string[]; text: string } {
  const entries = Object.entries(environment).filter(([name, value]) => serviceVariables.test(name) && value);
  return { names: entries.map(([name]) => name), text: entries.map(([name, value = '']) => `${name}="${value.replace(/[\\"$`]/g, '\\$&')}"\n`).join('') };
}

/**
 * A systemd user unit (systemd.service(5)) that brings SHIM up once, after a boot. Its processes keep themselves alive, and
 * agents must outlive a stop of the unit: so KillMode is process, and the stop is `shim down`, which leaves agents alone.
 */
export function serviceUnit({ node, program, home, path }: ServiceUnitParts): string {
  const shim = `${argument(node)} ${argument(program)}`;
  return `[Unit]
Description=SHIM: supervision of AI coding agents
After=network-online.target

[Service]
Type=oneshot
RemainAfterExit=yes
KillMode=process
Environment=${quoted(`SHIM_HOME=${home}`)}
Environment=${quoted(`PATH=${path}`)}
EnvironmentFile=-${serviceEnvironmentFile(home).replaceAll('%', '%%')}
ExecStart=${shim} up
ExecStop=${shim} down
TimeoutStartSec=120

[Install]
WantedBy=default.target
`;
}

/** A word as systemd reads it: `%` begins a specifier, a backslash an escape. */
function quoted(word: string): string {
  return `"${word.replace(/[\\"]/g, '\\$&').replaceAll('%', '%%')}"`;
}

/** In a command line `$` begins a variable, too. */
function argument(word: string): string {
  return quoted(word.replaceAll('$', '$$$$'));
}
