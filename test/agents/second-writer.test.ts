import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, inject, it } from 'vitest';
import type { AgentKind } from '../../domain/session.js';
import { SecondWriterWatch } from '../../host/second-writer/second-writer-watch.js';
import { agentEnvironment } from '../support/agent-environment.js';
import { KeptReports, startRequest, useLocalHost } from '../support/local-host.js';
import type { Reply } from '../support/reply.js';
import { inOrder, startStandIn } from '../support/stand-in-api.js';
import { knownPid } from '../support/known-pid.js';

const local = useLocalHost();
const argvOf = {
  'claude-code': ['-p', 'Work.', '--dangerously-skip-permissions', '--model', 'claude-sonnet-4-5'],
  codex: ['--skip-git-repo-check', '-m', 'gpt-5.1-codex', 'Work.'],
} as const;
const resumeOf = {
  'claude-code': (id: string) => ['--resume', id, '-p', 'And this.', '--dangerously-skip-permissions', '--model', 'claude-sonnet-4-5'],
  codex: (id: string) => ['exec', '--json', '--skip-git-repo-check', '-m', 'gpt-5.1-codex', 'resume', id, 'And this.'],
} as const;
const looks: Reply[] = Array.from({ length: 4 }, (_, at) => ({ kind: 'shell', text: `Step ${at}.`, commands: [`echo ${at}; yes | head -c ${at * 5_000}`] }));

describe.each(['claude-code', 'codex'] as const satisfies AgentKind[])('the real %s', (kind) => {
  it('is never accused of what it writes itself, and whoever resumes its conversation beside it is', async () => {
    const standIn = await startStandIn(inOrder(looks[0] as Reply, ...looks.slice(1), { kind: 'shell', text: 'I wait.', commands: ['mkfifo gate && cat gate'] }, { kind: 'text', text: 'Done.' }));
    const reports = new KeptReports();
    const context = local.contextOf(reports);
    const host = local.newHost(context);
    const watch = new SecondWriterWatch(context, () => host.liveRunners, host.writers);
    const spec = local.newSpec(kind, { agent: kind, argv: [...argvOf[kind]] });
    const home = join(local.home, 'agent-home');
    mkdirSync(home);
    const programs = inject('agentPrograms');
    const environment = agentEnvironment(home, standIn.url, programs);
    writeFileSync(join(local.home, 'env', `${spec.sessionId}.json`), JSON.stringify(environment));

    await host.startAgent(startRequest(spec, 1));
    const [runner] = host.liveRunners;
    let looksWithTranscript = 0;
    const lookUntilItWaits = () => {
      watch.look();
      if (runner?.transcriptPath()) looksWithTranscript += 1;
      return existsSync(join(spec.cwd, 'gate'));
    };
    await expect.poll(lookUntilItWaits, { interval: 50, timeout: 60_000 }).toBe(true);
    expect(reports.writers).toEqual([]);
    expect(looksWithTranscript).toBeGreaterThan(3);

    const conversationId = runner?.collector.signals.conversationId ?? '';
    const other = spawn(programs[kind], resumeOf[kind](conversationId), { cwd: spec.cwd, env: environment, detached: true, stdio: 'ignore' });
    await once(other, 'spawn');
    await expect.poll(() => (watch.look(), reports.writers.length), { interval: 50, timeout: 30_000 }).toBe(1);
    expect(reports.writers).toMatchObject([{ name: kind, evidence: 'conversation', program: expect.stringMatching(/^(claude|codex)/) as string }]);
    const ended = once(other, 'exit');
    process.kill(-knownPid(other.pid), 'SIGKILL');
    await ended;
    await runner?.end({ exitClass: 'stopped', reason: 'end of the test' }, { checkpointFirst: false, graceMs: 0 });
    await standIn.close();
  });
});
