import { SHIMMetrics } from '../analytics/metrics-registry.js';
import { exitClasses } from '../domain/exit-class.js';
import { parameterNames } from '../domain/parameter-table.js';
import type { AttemptReport } from '../domain/attempt.js';

const scrapes = 50;

/** What a scrape costs, and that it does not grow with the sessions: by HTTP, as Prometheus asks. */
export async function benchMetrics(): Promise<void> {
  for (const sessions of [1_000, 10_000]) {
    const metrics = new SHIMMetrics();
    feed(metrics, sessions);
    const port = await metrics.startServer(0);
    const samples: number[] = [];
    let text = '';
    for (let at = 0; at < scrapes; at += 1) {
      const startedMs = performance.now();
      text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
      samples.push(performance.now() - startedMs);
    }
    await metrics.stopServer();
    samples.sort((one, other) => one - other);
    const at = (share: number) => (samples[Math.ceil(share * scrapes) - 1] ?? Number.NaN).toFixed(1);
    const series = text.split('\n').filter((line) => line.startsWith('shim_')).length;
    console.log(`metrics: a scrape with ${sessions} sessions: median ${at(0.5)} ms, 95th percentile ${at(0.95)} ms (aim: 20), ${series} series of ours, ${Math.round(text.length / 1_024)} KiB`);
  }
}

/** Sessions of three attempts each, of every end, agent and strategy. */
function feed(metrics: SHIMMetrics, sessions: number): void {
  for (let session = 0; session < sessions; session += 1) {
    for (const epoch of [1, 2, 3]) metrics.attemptEnded(report(session, epoch), ['claude-code', 'codex', 'command'][session % 3] ?? 'command');
    metrics.restartInitiated();
    metrics.restartCompleted(session % 7_000, session % 2 === 0);
    metrics.checkpointCreated(session % 300, 4_000);
    metrics.monitorLooked(session % 40);
    metrics.error(`fault_${session}`);
  }
  for (const [at, parameter] of parameterNames.entries()) {
    metrics.parameterSet(parameter, at);
    metrics.experimentLooked(parameter, at);
  }
  metrics.countSessions(() => ({ safe: sessions, warning: 0, danger: 0 }));
}

function report(session: number, epoch: number): AttemptReport {
  return {
    sessionId: `session-${session}`,
    name: `bench-${session}`,
    epoch,
    attemptId: `attempt-${session}-${epoch}`,
    hostId: 'bench',
    exitClass: exitClasses[(session + epoch) % exitClasses.length] ?? 'completed',
    exitCode: 0,
    signal: null,
    reason: 'bench',
    startedAtMs: epoch * 60_000,
    runningAtMs: epoch * 60_000 + 500,
    endedAtMs: epoch * 60_000 + 50_000,
    checkpoint: null,
    pending: [],
    zoneBeforeEnd: 'safe',
    messages: 1,
    toolCalls: 1,
    inputTokens: 1_000,
    outputTokens: 100,
    costUsd: null,
    limitResetsAtMs: null,
    maxContextUse: (session % 100) / 100,
    longestSilenceMs: session * 10,
  };
}
