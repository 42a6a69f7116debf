/** What a unit is made of; paths are absolute. */
export interface ServiceUnitParts {
  node: string;
  program: string;
  home: string;
  /** PATH, on which agents and git are found. */
  path: string;
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
