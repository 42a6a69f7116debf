import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { AllowedWriter } from '../../../domain/second-writer.js';
import type { SessionSpec } from '../../../domain/session.js';
import type { AttemptRunner } from '../../../host/attempt-runner.js';
import type { SessionHost } from '../../../host/session-host.js';
import { startRequest, type useLocalHost } from '../../support/local-host.js';

/** As Claude Code looks from outside: it notes its start, says so, writes one line of its conversation, and lives. */
const standIn = `#!/bin/sh
while [ $# -gt 0 ]; do
  case $1 in --session-id|--resume) id=$2; shift;; esac
  shift
done
conversation="$CLAUDE_CONFIG_DIR/projects/here/$id.jsonl"
mkdir -p "$CLAUDE_CONFIG_DIR/projects/here"
echo '{"type":"user","message":{"content":[]}}' >> "$conversation"
echo "{\\"type\\":\\"system\\",\\"subtype\\":\\"init\\",\\"session_id\\":\\"$id\\"}"
echo $$ >> starts
if [ -n "$WRITES" ]; then
  for line in $(seq 1000); do echo '{"type":"assistant","message":{"content":[]}}' >> "$conversation"; sleep 0.01; done
fi
sleep 600 & wait
`;

/** A session of a stand-in for Claude Code, on a real host, and whoever else a test puts beside it. */
export class Scene {
  readonly spec: SessionSpec;
  readonly bin: string;
  readonly environment: Record<string, string>;
  private readonly others: ChildProcess[] = [];

  constructor(
    private readonly local: ReturnType<typeof useLocalHost>,
    readonly host: SessionHost,
    name: string,
    more: Record<string, string> = {},
  ) {
    this.bin = join(local.home, `${name}-bin`);
    this.program('claude', standIn, this.bin);
    this.spec = local.newSpec(name, { agent: 'claude-code', argv: ['-p', 'go'] });
    this.environment = { PATH: `${this.bin}:${process.env['PATH'] ?? ''}`, HOME: local.home, CLAUDE_CONFIG_DIR: join(local.home, `${name}-claude`), ...more };
    writeFileSync(join(local.home, 'env', `${this.spec.sessionId}.json`), JSON.stringify(this.environment));
  }

  /** Makes a program of that name, of somebody else's unless another folder is named. @returns its path. */
  program(name: string, script: string, folder = `${this.bin}-of-others`): string {
    const path = join(folder, name);
    mkdirSync(folder, { recursive: true });
    writeFileSync(path, script);
    chmodSync(path, 0o755);
    return path;
  }

  /** Begins an attempt and waits until its agent has said its first word. @param beside second writers that a person has allowed. */
  async begin(epoch = 1, beside: readonly AllowedWriter[] = []): Promise<void> {
    await this.host.startAgent({ ...startRequest(this.spec, epoch), beside });
    await expect.poll(() => this.runner.runningAtMs, { interval: 5, timeout: 10_000 }).not.toBeNull();
  }

  get runner(): AttemptRunner {
    const runner = this.host.liveRunners.find(({ key }) => key.name === this.spec.name);
    if (!runner) throw new Error(`${this.spec.name} is not running`);
    return runner;
  }

  get conversationId(): string {
    return this.runner.collector.signals.conversationId ?? '';
  }
  get transcript(): string {
    return join(this.environment['CLAUDE_CONFIG_DIR'] ?? '', 'projects', 'here', `${this.conversationId}.jsonl`);
  }

  /** Starts somebody else's process and waits until it is what it is to be. */
  async other(argv: readonly string[], options: { cwd?: string; environment?: Record<string, string> } = {}): Promise<ChildProcess> {
    const [program = '', ...args] = argv;
    const child = spawn(program, args, { cwd: options.cwd ?? this.spec.cwd, env: options.environment ?? this.environment, detached: true, stdio: 'ignore' });
    this.others.push(child);
    await once(child, 'spawn');
    const shown = () => readFileSync(`/proc/${child.pid}/cmdline`, 'utf8');
    await expect.poll(shown, { interval: 2 }).toContain(args.at(-1) ?? program);
    return child;
  }

  starts(): number {
    const path = join(this.spec.cwd, 'starts');
    return existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n').length : 0;
  }

  async leave(): Promise<void> {
    for (const child of this.others.splice(0)) await endGroup(child);
  }
}

/** Ends a process that leads a group, and the group. */
export async function endGroup(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  process.kill(-child.pid, 'SIGKILL');
  await ended;
}
