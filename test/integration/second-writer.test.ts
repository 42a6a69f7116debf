import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SessionFolder } from '../../host/session-folder.js';
import { runCli } from '../client/built-cli.js';
import { Installation, until } from '../support/installation.js';
import { knownPid } from '../support/known-pid.js';

/** As Claude Code looks from outside: says that it began, writes its conversation and a file, and lives. */
const standIn = `#!/bin/sh
while [ $# -gt 0 ]; do
  case $1 in --session-id|--resume) id=$2; shift;; esac
  shift
done
mkdir -p "$CLAUDE_CONFIG_DIR/projects/here"
echo '{"type":"assistant","message":{"content":[]}}' >> "$CLAUDE_CONFIG_DIR/projects/here/$id.jsonl"
echo "{\\"type\\":\\"system\\",\\"subtype\\":\\"init\\",\\"session_id\\":\\"$id\\"}"
sleep 600 & wait
`;

const shim = new Installation();
beforeAll(() => shim.up());
afterAll(() => shim.remove());

describe('a session whose conversation a person resumes in a terminal', () => {
  it('pauses and says who it is, can be restored over its folder meanwhile, goes on beside that one where a person says so, and alone when all have ended', async () => {
    const cwd = join(shim.folder, 'tree');
    const program = join(shim.folder, 'claude');
    mkdirSync(cwd);
    writeFileSync(join(cwd, 'notes'), 'first\n');
    writeFileSync(program, standIn);
    chmodSync(program, 0o755);
    const environment = { ...shim.environment, HOME: shim.folder, SHIM_CLAUDE: program, CLAUDE_CONFIG_DIR: join(shim.folder, 'claude-settings') };
    await shim.start({ name: 'shared', agent: 'claude-code', argv: ['-p', 'go'], cwd, environmentNames: ['SHIM_CLAUDE', 'CLAUDE_CONFIG_DIR'] }, environment);
    await shim.client.waitForState('shared', ['running'], 30_000);
    const attempt = new SessionFolder(shim.home, 'shared').attempt(1);
    await until(() => attempt.live()?.transcriptPath != null, 'its conversation');
    const { id } = (await shim.client.checkpointNow('shared', { by: 'test' }), (await shim.client.waitForCheckpoint('shared', 30_000)).checkpoint) ?? { id: '' };
    writeFileSync(join(cwd, 'notes'), 'second\n');

    const person = spawn(program, ['--resume', attempt.live()?.signals.conversationId ?? ''], { cwd, env: environment, detached: true, stdio: 'ignore' });
    await once(person, 'spawn');
    const paused = await shim.client.waitForState('shared', ['paused'], 60_000);
    expect(paused).toMatchObject({ pauseReason: 'second_writer', attempt: null, reason: expect.stringMatching(new RegExp(`^paused by SHIM: claude \\(pid ${person.pid}, user .* works on the same conversation. .*shim resume shared`)) as string });
    const refused = await runCli(['resume', 'shared'], { SHIM_HOME: shim.home });
    expect(refused).toMatchObject({ exitCode: 1, stderr: expect.stringContaining(`shared is paused instead (paused by SHIM: claude (pid ${person.pid}, `) as string });
    const now = async () => {
      const { state, epoch } = await shim.client.status('shared');
      return { state, epoch };
    };
    await expect.poll(now, { interval: 50, timeout: 60_000 }).toEqual({ state: 'paused', epoch: 2 });

    await until(() => new SessionFolder(shim.home, 'shared').state()?.epoch === 2, 'its record of the pause');
    const restored = await runCli(['restore', 'shared', id, '--force', '--json'], { SHIM_HOME: shim.home });
    expect(restored).toMatchObject({ exitCode: 0, stderr: '' });
    expect(readFileSync(join(cwd, 'notes'), 'utf8')).toBe('first\n');

    const beside = await runCli(['resume', 'shared', '--beside'], { SHIM_HOME: shim.home, USER: 'ann' });
    expect(beside).toMatchObject({ exitCode: 0, stdout: 'shared is running: first event seen', stderr: expect.stringContaining('may be lost') as string });
    expect((await runCli(['status', 'shared'], { SHIM_HOME: shim.home })).stdout).toMatch(new RegExp(`^beside +claude \\(pid ${person.pid}, .*; allowed by ann$`, 'm'));

    const another = spawn(program, ['--resume', attempt.live()?.signals.conversationId ?? ''], { cwd, env: environment, detached: true, stdio: 'ignore' });
    await once(another, 'spawn');
    expect(await shim.client.waitForState('shared', ['paused'], 60_000)).toMatchObject({ epoch: 3, reason: expect.stringContaining(`(pid ${another.pid}, `) as string });

    for (const other of [person, another]) {
      const ended = once(other, 'exit');
      process.kill(-knownPid(other.pid), 'SIGKILL');
      await ended;
    }
    await shim.client.resume('shared', { by: 'test' });
    const running = await shim.client.waitForState('shared', ['running'], 60_000);
    expect(running.attempt?.epoch).toBe(4);
    expect(running.pauseReason).toBeNull();
  });
});
