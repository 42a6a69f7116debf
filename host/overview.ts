import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { CheckpointManifest } from '../domain/checkpoint.js';
import type { RiskZone } from '../domain/risk.js';
import type { Signals } from '../domain/signals.js';
import type { AttemptRunner } from './attempt-runner.js';
import { replaceFile } from './replace-file.js';

/** How often it is looked whether it has changed, ms. */
const lookMs = 2_000;

const entrySchema = z.object({
  name: z.string(),
  sessionId: z.string(),
  epoch: z.number(),
  /** Of the agent; null before the first look at its tree. */
  pid: z.number().nullable(),
  zone: z.enum(['safe', 'warning', 'danger'] satisfies RiskZone[]),
  /** Ratio 0-1; null where the stream does not tell. */
  contextUse: z.number().nullable(),
  checkpoint: z.object({ id: z.string(), at: z.string() }).nullable(),
  // What follows is lacking in files of older versions.
  /** When the attempt began, Unix ms. */
  startedAtMs: z.number().nullable().default(null),
  /** What the session has spent in all its attempts; null where its agent tells nothing of it. */
  tokens: z.number().nullable().default(null),
  costUsd: z.number().nullable().default(null),
});

/** A live attempt as a list of sessions shows it. */
export type OverviewEntry = z.infer<typeof entrySchema>;

const overviewSchema = z.object({
  hostId: z.string(),
  /** The host worker that wrote it. */
  workerPid: z.number(),
  /** Since when it has been so, Unix ms. */
  atMs: z.number(),
  attempts: z.array(entrySchema),
});

/** Every live attempt of a host in one file, so that a look at a thousand sessions is one read. */
export type HostOverview = z.infer<typeof overviewSchema>;

function overviewFile(home: string): string {
  return join(home, 'run', 'overview.json');
}

/** What the host worker wrote last; null where there is nothing that can be read. It may have died since. */
export async function readOverview(home: string): Promise<HostOverview | null> {
  try {
    return overviewSchema.parse(JSON.parse(await readFile(overviewFile(home), 'utf8')));
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof z.ZodError) return null;
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}

/** Keeps the overview of this host for as long as its worker lives: written when it has changed. */
export class OverviewFile {
  private timer: NodeJS.Timeout | null = null;
  private text = '';
  private readonly known = new WeakMap<AttemptRunner, Known>();

  /** @param onTrouble told of a file that cannot be written: it is tried again. */
  constructor(
    private readonly home: string,
    private readonly hostId: string,
    private readonly attempts: () => readonly AttemptRunner[],
    private readonly onTrouble: (error: unknown) => void,
  ) {}

  start(): void {
    this.update();
    this.timer = setInterval(() => this.update(), lookMs);
  }

  stop(): void {
    if (this.timer) clearInterval(this.timer);
  }

  private update(): void {
    const text = `[${this.attempts().filter(({ hasEnded }) => !hasEnded).map((runner) => this.entryTextOf(runner)).join(',')}]`;
    if (text === this.text) return;
    try {
      const head: Omit<HostOverview, 'attempts'> = { hostId: this.hostId, workerPid: process.pid, atMs: Date.now() };
      const path = overviewFile(this.home);
      replaceFile(path, `${path}.${process.pid}`, `${JSON.stringify(head).slice(0, -1)},"attempts":${text}}`);
      this.text = text;
    } catch (error) {
      this.onTrouble(error);
    }
  }

  /** As it was written before, where nothing of it has changed: of a thousand that rest, that is all. */
  private entryTextOf(runner: AttemptRunner): string {
    const { collector, agentPid, setup } = runner;
    const { signals, risk } = collector;
    const newest = setup.checkpoints.newest;
    const known = this.known.get(runner);
    if (known?.signals === signals && known.zone === risk.zone && known.contextUse === risk.contextUse && known.pid === agentPid && known.newest === newest) return known.text;
    const text = JSON.stringify(entryOf(runner));
    this.known.set(runner, { signals, zone: risk.zone, contextUse: risk.contextUse, pid: agentPid, newest, text });
    return text;
  }
}

/** An entry and what it was made of: signals and checkpoints are never changed, but replaced. */
interface Known {
  signals: Signals;
  zone: RiskZone;
  contextUse: number | null;
  pid: number | null;
  newest: CheckpointManifest | null;
  text: string;
}

function entryOf({ key, collector, setup, agentPid, spent }: AttemptRunner): OverviewEntry {
  const { name, sessionId, epoch } = key;
  const { zone, contextUse } = collector.risk;
  const newest = setup.checkpoints.newest;
  return {
    name,
    sessionId,
    epoch,
    pid: agentPid,
    zone,
    contextUse,
    checkpoint: newest && { id: newest.id, at: newest.createdAt },
    startedAtMs: setup.startedAtMs,
    tokens: spent.tokens || null,
    costUsd: spent.usd || null,
  };
}
