import { chmodSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import Sqlite from 'libsql';
import { Kysely, Migrator, PostgresDialect, sql, SqliteAdapter, SqliteDialect, type SqliteDatabase } from 'kysely';
import pg from 'pg';
import { outcomeSchema, type Outcome } from '../../domain/outcome.js';
import type { Proportion, SampleSummary } from '../../domain/statistics/interval.js';
import { migrations, type OutcomeTables } from './schema.js';

/** How long a statement waits for another process's, ms. It holds the event loop: who needs longer tries again. */
const busyMs = 100;

/** How long to wait for another process that changes the tables, ms. */
const migrationMs = 10_000;

/** Thrown where the store cannot be opened, or is of a newer version. */
export class OutcomeStoreError extends Error {
  override name = 'OutcomeStoreError';
}

/** What sessions with an outcome in a window came to; one row for each session, however many attempts it took. */
export interface SessionTotals {
  /** Sessions, and those with at least one crash. */
  crashes: Proportion;
  /** Resumed attempts, and those that never came to run. */
  failedResumes: Proportion;
  /** Input and output tokens of a session. */
  tokens: SampleSummary;
  /** Work lost to crashes in a session, ms. */
  workLostMs: SampleSummary;
}

/** The record of what attempts came to: append-only, idempotent by attempt. On SQLite or PostgreSQL, in the same tables. */
export class OutcomeStore {
  private constructor(private readonly database: Kysely<OutcomeTables>) {}

  /**
   * Opens the store, and brings its tables up to date.
   *
   * @param where a file's path, or a `postgres://` address. @throws OutcomeStoreError
   */
  static async open(where: string): Promise<OutcomeStore> {
    const isAddress = /^postgres(ql)?:\/\//.test(where);
    const database = new Kysely<OutcomeTables>({ dialect: isAddress ? postgres(where) : sqlite(where) });
    try {
      await (isAddress ? bringUpToDate(database) : alone(`${where}.lock`, () => bringUpToDate(database)));
      return new OutcomeStore(database);
    } catch (error) {
      await database.destroy();
      throw new OutcomeStoreError(`the outcome store cannot be opened: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    }
  }

  /** Keeps outcomes; those of an attempt that has one already change nothing. @returns how many were new. @throws ZodError */
  async record(outcomes: readonly Outcome[]): Promise<number> {
    if (outcomes.length === 0) return 0;
    const rows = outcomes.map((outcome) => rowOf(outcomeSchema.parse(outcome)));
    const { numInsertedOrUpdatedRows } = await this.database
      .insertInto('outcome')
      .values(rows)
      .onConflict((conflict) => conflict.column('attempt_id').doNothing())
      .executeTakeFirstOrThrow();
    return Number(numInsertedOrUpdatedRows ?? 0);
  }

  /** Attempts of a session, by epoch. */
  async ofSession(sessionId: string): Promise<Outcome[]> {
    const rows = await this.database.selectFrom('outcome').selectAll().where('session_id', '=', sessionId).orderBy('epoch').execute();
    return rows.map(outcomeOfRow);
  }

  /** What the sessions that had an attempt end in a window came to. @param fromMs inclusive. @param untilMs exclusive, Unix ms. */
  async between(fromMs: number, untilMs: number): Promise<SessionTotals> {
    return this.totals(fromMs, untilMs);
  }

  async close(): Promise<void> {
    await this.database.destroy();
  }

  private async totals(fromMs: number, untilMs: number): Promise<SessionTotals> {
    const attempts = this.database.selectFrom('outcome').where('ended_at_ms', '>=', fromMs).where('ended_at_ms', '<', untilMs);
    const sessions = attempts
      .select(({ fn }) => [
        fn.max('crashed').as('crashed'),
        fn.sum<number>(sql`input_tokens + output_tokens`).as('tokens'),
        fn.sum<number>('work_lost_ms').as('lost'),
        fn.sum<number>(sql`case when resume_strategy is null then 0 else 1 end`).as('resumes'),
        fn.sum<number>(sql`case when resume_strategy is not null and running_at_ms is null then 1 else 0 end`).as('failed'),
      ])
      .groupBy('session_id')
      .as('session');
    // Means first and squares about them after, or the variance of a million like tokens is all rounding.
    const means = await this.database
      .selectFrom(sessions)
      .select(({ fn }) => [fn.countAll().as('n'), fn.sum('crashed').as('crashed'), fn.avg('tokens').as('tokens'), fn.avg('lost').as('lost'), fn.sum('resumes').as('resumes'), fn.sum('failed').as('failed')])
      .executeTakeFirstOrThrow();
    const [meanTokens, meanLost] = [Number(means.tokens ?? 0), Number(means.lost ?? 0)];
    const squares = await this.database
      .selectFrom(sessions)
      .select(({ fn }) => [fn.sum(sql`(tokens - ${meanTokens}) * (tokens - ${meanTokens})`).as('tokens'), fn.sum(sql`(lost - ${meanLost}) * (lost - ${meanLost})`).as('lost')])
      .executeTakeFirstOrThrow();
    const n = Number(means.n);
    const varianceOf = (sum: unknown) => (n > 1 ? Number(sum ?? 0) / (n - 1) : 0);
    return {
      crashes: { successes: Number(means.crashed ?? 0), trials: n },
      failedResumes: { successes: Number(means.failed ?? 0), trials: Number(means.resumes ?? 0) },
      tokens: { n, mean: meanTokens, variance: varianceOf(squares.tokens) },
      workLostMs: { n, mean: meanLost, variance: varianceOf(squares.lost) },
    };
  }
}

/** @throws what went wrong; nothing has changed then. */
async function bringUpToDate(database: Kysely<OutcomeTables>): Promise<void> {
  const { error } = await new Migrator({ db: database, provider: migrations }).migrateToLatest();
  if (error !== undefined) throw error;
}

/**
 * Does something while no other process does: the kernel holds the lock, on a file beside the store's, and it goes with the
 * process. PostgreSQL has one of its own for changes of tables; SQLite's transactions run into each other there.
 */
async function alone<T>(path: string, work: () => Promise<T>): Promise<T> {
  const lock = new Sqlite(path);
  const deadlineMs = performance.now() + migrationMs;
  try {
    chmodSync(path, 0o600);
    for (;;) {
      try {
        lock.exec('BEGIN EXCLUSIVE');
        break;
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'SQLITE_BUSY') || performance.now() > deadlineMs) throw error;
        await delay(20);
      }
    }
    return await work();
  } finally {
    lock.close();
  }
}

/** SQLite changes tables in transactions as well; Kysely does not count on it. Without one, a killed process would leave half a change. */
class TransactionalSqliteAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

class TransactionalSqliteDialect extends SqliteDialect {
  override createAdapter(): SqliteAdapter {
    return new TransactionalSqliteAdapter();
  }
}

function sqlite(path: string): SqliteDialect {
  return new TransactionalSqliteDialect({
    database: () => {
      const database = new Sqlite(path);
      chmodSync(path, 0o600);
      database.exec(`PRAGMA busy_timeout = ${busyMs}; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL`);
      // libsql's types are of their own making; its interface is better-sqlite3's, which the dialect asks for.
      return Promise.resolve(database as unknown as SqliteDatabase);
    },
  });
}

function postgres(address: string): PostgresDialect {
  return new PostgresDialect({ pool: new pg.Pool({ connectionString: address, max: 4 }) });
}

function rowOf(outcome: Outcome): OutcomeTables['outcome'] {
  return {
    attempt_id: outcome.attemptId,
    session_id: outcome.sessionId,
    session_name: outcome.sessionName,
    host_id: outcome.hostId,
    agent: outcome.agent,
    epoch: outcome.epoch,
    exit_class: outcome.exitClass,
    crashed: outcome.crashed ? 1 : 0,
    started_at_ms: outcome.startedAtMs,
    running_at_ms: outcome.runningAtMs,
    ended_at_ms: outcome.endedAtMs,
    resume_strategy: outcome.resumeStrategy,
    work_lost_ms: outcome.workLostMs,
    messages: outcome.messages,
    tool_calls: outcome.toolCalls,
    input_tokens: outcome.inputTokens,
    output_tokens: outcome.outputTokens,
    cost_usd: outcome.costUsd,
    parameters: JSON.stringify(outcome.parameters),
    fidelity: outcome.fidelity,
    downtime_ms: outcome.downtimeMs,
    checkpoints: JSON.stringify(outcome.checkpoints),
    max_context_use: outcome.maxContextUse,
    longest_silence_ms: outcome.longestSilenceMs,
  };
}

function outcomeOfRow(row: OutcomeTables['outcome']): Outcome {
  return outcomeSchema.parse({
    attemptId: row.attempt_id,
    sessionId: row.session_id,
    sessionName: row.session_name,
    hostId: row.host_id,
    agent: row.agent,
    epoch: row.epoch,
    exitClass: row.exit_class,
    crashed: row.crashed === 1,
    startedAtMs: row.started_at_ms,
    runningAtMs: row.running_at_ms,
    endedAtMs: row.ended_at_ms,
    resumeStrategy: row.resume_strategy,
    workLostMs: row.work_lost_ms,
    messages: row.messages,
    toolCalls: row.tool_calls,
    inputTokens: row.input_tokens,
    outputTokens: row.output_tokens,
    costUsd: row.cost_usd,
    parameters: JSON.parse(row.parameters),
    fidelity: row.fidelity,
    downtimeMs: row.downtime_ms,
    checkpoints: JSON.parse(row.checkpoints),
    maxContextUse: row.max_context_use,
    longestSilenceMs: row.longest_silence_ms,
  });
}
