import { chmodSync, mkdirSync, mkdtempSync, rmSync, watch, writeFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { SessionFolder } from '../host/session-folder.js';
import { Bed, describeSamples, makeTree, quantile, transcriptText } from './bed.js';
import { withPm2, withSupervisord } from './peers.js';

/** Its first instruction makes a file named by its pid; then it is the process that is killed. */
const agentScript = `#!/bin/sh
: > "$BENCH_MARKS/$$"
echo '{"type":"system","subtype":"init","session_id":"'$BENCH_CONVERSATION'"}'
echo '{"type":"assistant","message":{"id":"'$$'","role":"assistant","content":[]}}'
exec sleep 3600
`;

/** Between two kills: the supervisors settle, and none counts the restarts as a crash loop, ms. */
const restMs = 700;

/**
 * SIGKILL of an agent to the first instruction of its successor, ms: through SHIM (durable decision, proof of death,
 * checkpoint validated; a tree of 3,000 files, a transcript of 20 MB), and through PM2 and supervisord in the same run.
 */
export async function benchRestart(rounds: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'shim-bench-restart-'));
  try {
    const agent = join(folder, 'claude');
    writeFileSync(agent, agentScript);
    chmodSync(agent, 0o755);
    const shim = await shimRestarts(folder, agent, rounds);
    const peerRounds = Math.min(rounds, 30);
    const pm2 = await withPm2(agent, folder, (marks) => killAndWait(marks, peerRounds));
    const supervisord = await withSupervisord(agent, folder, (marks) => killAndWait(marks, 8));
    console.log(`restart: SHIM         ${describeSamples(shim)} ms  (n = ${shim.length})`);
    for (const [name, samples] of [['PM2', pm2], ['supervisord', supervisord]] as const) {
      if (samples === null) console.log(`restart: ${name} could not be installed here`);
      else console.log(`restart: ${name.padEnd(12)} ${describeSamples(samples)} ms  (n = ${samples.length}); SHIM / ${name} at p50: ${(quantile(shim, 0.5) / quantile(samples, 0.5)).toFixed(2)}`);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function shimRestarts(folder: string, agent: string, rounds: number): Promise<number[]> {
  const marks = join(folder, 'marks-shim');
  const cwd = join(folder, 'tree');
  const userHome = join(folder, 'user');
  mkdirSync(marks);
  makeTree(cwd, 3_000);
  const conversation = randomUUID();
  const transcripts = join(userHome, '.claude', 'projects', cwd.replace(/[^A-Za-z0-9]/g, '-'));
  mkdirSync(transcripts, { recursive: true });
  writeFileSync(join(transcripts, `${conversation}.jsonl`), transcriptText(20_000_000));
  let samples: number[] = [];
  await Bed.use({ HOME: userHome }, async (bed, client) => {
    const first = nextMark(marks);
    await bed.start(
      client,
      {
        name: 'bench',
        agent: 'claude-code',
        argv: ['-p', 'work', '--session-id', conversation],
        cwd,
        policy: { healthyAfterMs: 1, intensity: { maxFailures: 1_000, windowMs: 1_000 } },
      },
      { SHIM_CLAUDE: agent, BENCH_MARKS: marks, BENCH_CONVERSATION: conversation, HOME: userHome },
    );
    await first;
    const session = new SessionFolder(bed.home, 'bench');
    await client.waitForState('bench', ['running'], 60_000);
    await client.checkpointNow('bench', { by: 'benchmark' });
    await client.waitForCheckpoint('bench', 60_000);
    samples = await killAndWait(marks, rounds, await first);
    const receipts = session.attempts().map((attempt) => attempt.receipt()).filter((receipt) => receipt !== null);
    const validated = receipts.filter(({ checkpoint, strategy }) => checkpoint.used !== null && strategy === 'native').length;
    console.log(`restart: ${validated} of ${receipts.length} resumes were native, from a validated checkpoint, with a proof of death`);
  });
  return samples;
}

/** Kills the process that made the latest mark, and waits for the mark of the next one, again and again. */
export async function killAndWait(marks: string, rounds: number, first?: number): Promise<number[]> {
  let pid = first ?? (await nextMark(marks));
  const samples: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    await delay(restMs);
    const next = nextMark(marks);
    const killedMs = performance.now();
    process.kill(pid, 'SIGKILL');
    pid = await next;
    samples.push(performance.now() - killedMs);
  }
  // The first restarts load code that later ones find loaded.
  return samples.slice(Math.min(3, rounds - 1));
}

/** The pid of the next process that marks its first instruction. */
function nextMark(marks: string): Promise<number> {
  return new Promise((resolve) => {
    const watcher = watch(marks, (_event, file) => {
      if (file === null) return;
      watcher.close();
      resolve(Number(basename(file)));
    });
  });
}
