import { sql, type Kysely } from 'kysely';
import type { Proportion, SampleSummary } from '../../domain/statistics/interval.js';
import type { StoreTables } from './tables.js';

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

/** What the sessions that had an attempt end in a window came to in it. @param fromMs inclusive. @param untilMs exclusive, Unix ms. */
export async function sumSessions(db: Kysely<StoreTables>, fromMs: number, untilMs: number): Promise<SessionTotals> {
  const sessions = db
    .selectFrom('outcome')
    .where('ended_at_ms', '>=', fromMs)
    .where('ended_at_ms', '<', untilMs)
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
  const means = await db
    .selectFrom(sessions)
    .select(({ fn }) => [fn.countAll().as('n'), fn.sum('crashed').as('crashed'), fn.avg('tokens').as('tokens'), fn.avg('lost').as('lost'), fn.sum('resumes').as('resumes'), fn.sum('failed').as('failed')])
    .executeTakeFirstOrThrow();
  const [meanTokens, meanLost] = [Number(means.tokens ?? 0), Number(means.lost ?? 0)];
  const squares = await db
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
