import { randomUUID } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'libsql';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { OutcomeStore, OutcomeStoreError } from '../../analytics/outcomes/outcome-store.js';
import { outcomeOf, type Outcome } from '../../domain/outcome.js';
import { parametersSchema } from '../../domain/parameters.js';
import { fixtureReport } from '../client/fixture-session.js';
import { postgresPrograms, PostgresServer } from '../support/postgres-server.js';

const context = { agent: 'command', parameters: parametersSchema.parse({}), resumeStrategy: 'native', previousEndedAtMs: null } as const;

function outcome(change: Partial<Outcome> = {}): Outcome {
  return { ...outcomeOf(fixtureReport(1), context), attemptId: randomUUID(), sessionId: randomUUID(), ...change };
}

describe('the outcome of an attempt', () => {
  it('counts the work since its last checkpoint as lost to a crash, and none to a good end', () => {
    const report = fixtureReport(2);
    expect(outcomeOf(report, context)).toMatchObject({ crashed: true, workLostMs: 10_000, resumeStrategy: 'native' });
    expect(outcomeOf({ ...report, exitClass: 'completed' }, context)).toMatchObject({ crashed: false, workLostMs: 0 });
    expect(outcomeOf({ ...report, checkpoint: { id: 'ck-0001', atMs: report.startedAtMs - 5_000 } }, context).workLostMs).toBe(30_000);
    expect(outcomeOf({ ...report, runningAtMs: null }, context).workLostMs).toBe(0);
    expect(outcomeOf(fixtureReport(1), context).resumeStrategy).toBeNull();
  });
});

const programs = postgresPrograms();
let server: PostgresServer | null = null;
let folder = '';
beforeAll(async () => {
  if (programs !== null) server = await PostgresServer.start(programs);
});
afterAll(() => server?.stop());
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'shim-outcomes-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe.each(['SQLite', 'PostgreSQL'])('the outcome store on %s', (kind) => {
  const isSkipped = kind === 'PostgreSQL' && programs === null;
  const where = () => (kind === 'SQLite' ? join(folder, 'outcomes.db') : (server?.address ?? ''));

  it.skipIf(isSkipped)('gives back what it was given, again after it was opened anew', async () => {
    const sessionId = randomUUID();
    const kept = [outcome({ sessionId }), outcome({ sessionId, epoch: 2, resumeStrategy: 'fork', costUsd: 0.25, inputTokens: 6e9 })];
    const first = await OutcomeStore.open(where());
    expect(await first.record(kept)).toBe(2);
    await first.close();
    const second = await OutcomeStore.open(where());
    expect(await second.ofSession(sessionId)).toEqual(kept);
    await second.close();
  });

  it.skipIf(isSkipped)('keeps one outcome of an attempt, however often and by whomever it is told', async () => {
    const [one, other] = await Promise.all([OutcomeStore.open(where()), OutcomeStore.open(where())]);
    const told = outcome();
    const counts = await Promise.all([one.record([told]), other.record([told]), one.record([told, outcome()]), other.record([{ ...told, crashed: false }])]);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(2);
    await Promise.all([one.close(), other.close()]);
  });

  it.skipIf(isSkipped)('looks at the attempts that ended in a window, which may be none', async () => {
    const store = await OutcomeStore.open(where());
    const at = 9e12 + Math.floor(Math.random() * 1e9) * 10;
    await store.record([at - 1, at, at + 1].map((endedAtMs) => outcome({ endedAtMs })));
    expect((await store.between(at, at + 1)).crashes).toEqual({ successes: 1, trials: 1 });
    expect((await store.between(at + 2, at + 3)).tokens).toEqual({ n: 0, mean: 0, variance: 0 });
    await store.close();
  });

  it.skipIf(isSkipped)('refuses what is no outcome, and keeps none of those told with it', async () => {
    const store = await OutcomeStore.open(where());
    const good = outcome();
    await expect(store.record([good, outcome({ workLostMs: -1 })])).rejects.toThrow(/workLostMs/);
    expect(await store.ofSession(good.sessionId)).toEqual([]);
    await store.close();
  });
});

describe('the embedded outcome store', () => {
  it('is readable by its owner only', async () => {
    const path = join(folder, 'outcomes.db');
    await (await OutcomeStore.open(path)).close();
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('waits for another process that holds the file, and then writes', async () => {
    const path = join(folder, 'outcomes.db');
    const store = await OutcomeStore.open(path);
    const holder = new Sqlite(path);
    holder.exec('BEGIN IMMEDIATE');
    const told = outcome();
    setTimeout(() => holder.exec('COMMIT'), 200);
    await expect(retried(() => store.record([told]))).resolves.toBe(1);
    holder.close();
    await store.close();
  });

  it('says what it cannot open', async () => {
    const path = join(folder, 'torn.db');
    writeFileSync(path, 'this is no database, and never was one'.repeat(100));
    chmodSync(path, 0o600);
    await expect(OutcomeStore.open(path)).rejects.toThrow(OutcomeStoreError);
    await expect(OutcomeStore.open(join(folder, 'nowhere', 'outcomes.db'))).rejects.toThrow(OutcomeStoreError);
  });
});

/** As an activity is: until the write is done. */
async function retried<T>(work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof Error && /locked|busy/i.test(error.message))) throw error;
      await new Promise((resolve) => {
        setTimeout(resolve, 20);
      });
    }
  }
}
