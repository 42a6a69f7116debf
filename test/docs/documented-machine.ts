import { chmodSync, cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { Installation, scriptedAgent } from '../support/installation.js';
import { projectRoot } from '../support/project-root.js';

/** What stays until Ctrl-C, and ends with its reader, too. */
const following = /^(?:npx )?shim (?:logs|experiments) [^#\n]*(?:-f|--follow)\b[^#\n]*/gm;
const linesFollowed = 3;

/** A whole block takes seconds; on a machine with other things to do, longer. */
const scriptTimeoutMs = 200_000;

const bystander = 'at-work';

/** Work that does not end while a page is followed. */
const agentOptions = ['--items', '100000', '--step-ms', '200'];

/** Words of the real one that SHIM reads; then it is at work. */
const codexStream = [
  { type: 'thread.started', thread_id: '0199a213-81c0-7800-8aa1-bbab2a035a53' },
  { type: 'turn.started' },
  { type: 'item.started', item: { id: 'item_0', type: 'command_execution', command: 'npm test', status: 'in_progress' } },
];

/** What of the project a reader's clone has, besides examples. */
const parts = ['docs', 'deploy', 'client', 'scripts', 'package.json', 'docker-compose.temporal.yaml', '.env.example'];

/**
 * A machine on which a page of the docs is followed: an installation of its own, a folder that looks like a clone, and the
 * agents' programs played by the scripted agent.
 */
export class DocumentedMachine {
  private readonly shim = new Installation();
  /** Where the reader stands. */
  private readonly clone = join(this.shim.folder, 'clone');
  private readonly bin = join(this.shim.folder, 'bin');

  constructor() {
    for (const folder of [this.bin, join(this.clone, 'work'), join(this.clone, 'examples')]) mkdirSync(folder, { recursive: true });
    for (const part of parts) symlinkSync(join(projectRoot(), part), join(this.clone, part));
    cpSync(join(projectRoot(), 'examples', 'team'), join(this.clone, 'examples', 'team'), { recursive: true });
    const ledger = join(this.shim.folder, 'ledger');
    const argv = JSON.stringify(agentOptions);
    writeFileSync(join(this.clone, 'agent.js'), `process.argv.push(...${argv}, '--ledger', ${JSON.stringify(ledger)} + process.pid);\nawait import(${JSON.stringify(scriptedAgent)});\n`);
    this.program('npx', 'exec "$@"');
    this.program('shim', `exec ${process.execPath} ${join(projectRoot(), 'client', 'shim.mjs')} "$@"`);
    this.program('claude', `[ "$1" != --version ] || exec echo "0.0.0 (scripted)"\nexec ${process.execPath} ${scriptedAgent} ${agentOptions.join(' ')} --ledger ${ledger}$$`);
    this.program('codex', `[ "$1" != --version ] || exec echo "codex-cli 0.0.0"\n${codexStream.map((line) => `echo '${JSON.stringify(line)}'`).join('\n')}\nexec sleep 600`);
  }

  /** Brings it up, with a session that is at work while the page is followed. */
  async up(): Promise<void> {
    await this.shim.up();
    await this.shim.startScripted(bystander, agentOptions);
  }

  /** Whatever the page has done: resolves once the session that was there before is at work. */
  async untilBystanderWorks(): Promise<void> {
    await this.shim.up();
    await this.shim.reconnect();
    await this.shim.client.waitForState(bystander, ['running'], 60_000);
  }

  async remove(): Promise<void> {
    // A page may end with shim down.
    await this.shim.up();
    await this.shim.remove();
  }

  /** Runs a script as a reader's shell does; what follows something ends after some lines. @returns all that it has put out. */
  async run(script: string): Promise<{ failed: boolean; output: string }> {
    const bounded = script.replace(following, `$& | head -n ${linesFollowed} `);
    const env = { ...this.shim.environment, PATH: `${this.bin}:${process.env['PATH'] ?? ''}`, HOME: this.shim.folder, NO_COLOR: '1' };
    const { failed, all } = await execa('bash', ['-euo', 'pipefail', '-c', bounded], { cwd: this.clone, env, extendEnv: false, reject: false, all: true, stdin: 'ignore', timeout: scriptTimeoutMs });
    return { failed, output: all };
  }

  private program(name: string, script: string): void {
    const path = join(this.bin, name);
    writeFileSync(path, `#!/bin/sh\n${script}\n`);
    chmodSync(path, 0o755);
  }
}
