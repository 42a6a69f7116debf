import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { emptySignals } from '../domain/signals.js';
import { CheckpointManager } from '../host/checkpoints/checkpoint-manager.js';
import { describeSamples, makeTree, transcriptText } from './bed.js';

/**
 * Checkpoints of a tree of 3,000 files with 20 changed, and a transcript of 20 MB that has grown by 20 messages, ms; and
 * how long the event loop was held up meanwhile.
 */
export async function benchCheckpoint(rounds: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'shim-bench-checkpoint-'));
  try {
    const cwd = join(folder, 'tree');
    makeTree(cwd, 3_000);
    const transcript = join(folder, 'transcript.jsonl');
    writeFileSync(transcript, transcriptText(20_000_000));
    const manager = new CheckpointManager(join(folder, 'checkpoints'), cwd, 10);
    manager.on('checkpoint_failed', (error) => console.error(error));
    const context = {
      sessionId: randomUUID(),
      sessionName: 'bench',
      epoch: 1,
      attemptId: randomUUID(),
      signals: emptySignals(Date.now()),
      transcriptPath: transcript,
      isMessage: () => true,
      launch: { agent: 'claude-code', argv: [], cwd, environmentNames: [], conversationId: null, agentVersion: null },
    };
    const loop = monitorEventLoopDelay({ resolution: 1 });
    const make = async () => {
      const startedMs = performance.now();
      await manager.create('user_requested', context);
      return performance.now() - startedMs;
    };
    loop.enable();
    const cold = await make();
    console.log(`checkpoint: the first ${cold.toFixed(0)} ms, event loop held up for at most ${(loop.max / 1e6).toFixed(1)} ms`);
    const warm: number[] = [];
    let longest = 0;
    for (let round = 0; round < rounds; round += 1) {
      for (let n = 0; n < 20; n += 1) writeFileSync(join(cwd, `part-${(round + n) % 60}`, `file-${((round + n) % 60) * 50}.txt`), `round ${round} change ${n}\n`);
      appendFileSync(transcript, transcriptText(60_000));
      await delay(100);
      loop.reset();
      warm.push(await make());
      longest = Math.max(longest, loop.max / 1e6);
    }
    const unchanged: number[] = [];
    for (let round = 0; round < 10; round += 1) unchanged.push(await make());
    console.log(`checkpoint: warm      ${describeSamples(warm)} ms  (n = ${rounds}); event loop held up for at most ${longest.toFixed(1)} ms; first / warm at p50: ${(cold / (warm.toSorted((a, b) => a - b)[Math.floor(rounds / 2)] ?? 1)).toFixed(1)}`);
    console.log(`checkpoint: unchanged ${describeSamples(unchanged)} ms  (n = 10)`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
