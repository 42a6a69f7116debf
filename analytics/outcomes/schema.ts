import { sql, type Kysely, type Migration, type MigrationProvider } from 'kysely';

/** The tables as Kysely sees them; the same on SQLite and PostgreSQL. Booleans are 0 and 1, which both can sum. */
export interface OutcomeTables {
  outcome: {
    attempt_id: string;
    session_id: string;
    session_name: string;
    host_id: string;
    agent: string;
    epoch: number;
    exit_class: string;
    crashed: number;
    started_at_ms: number;
    running_at_ms: number | null;
    ended_at_ms: number;
    resume_strategy: string | null;
    work_lost_ms: number;
    messages: number;
    tool_calls: number;
    input_tokens: number;
    output_tokens: number;
    cost_usd: number | null;
    /** JSON. */
    parameters: string;
    fidelity: number | null;
    downtime_ms: number | null;
    /** JSON. */
    checkpoints: string;
    max_context_use: number | null;
    longest_silence_ms: number;
  };
}

const first: Migration = {
  async up(database: Kysely<unknown>): Promise<void> {
    await database.schema
      .createTable('outcome')
      .addColumn('attempt_id', 'text', (column) => column.primaryKey())
      .addColumn('session_id', 'text', (column) => column.notNull())
      .addColumn('session_name', 'text', (column) => column.notNull())
      .addColumn('host_id', 'text', (column) => column.notNull())
      .addColumn('agent', 'text', (column) => column.notNull())
      .addColumn('epoch', 'integer', (column) => column.notNull())
      .addColumn('exit_class', 'text', (column) => column.notNull())
      .addColumn('crashed', 'integer', (column) => column.notNull().check(sql`crashed in (0, 1)`))
      .addColumn('started_at_ms', 'double precision', (column) => column.notNull())
      .addColumn('running_at_ms', 'double precision')
      .addColumn('ended_at_ms', 'double precision', (column) => column.notNull())
      .addColumn('resume_strategy', 'text')
      .addColumn('work_lost_ms', 'double precision', (column) => column.notNull())
      .addColumn('messages', 'integer', (column) => column.notNull())
      .addColumn('tool_calls', 'integer', (column) => column.notNull())
      // Tokens of a long session outgrow 32 bits.
      .addColumn('input_tokens', 'double precision', (column) => column.notNull())
      .addColumn('output_tokens', 'double precision', (column) => column.notNull())
      .addColumn('cost_usd', 'double precision')
      .addColumn('parameters', 'text', (column) => column.notNull())
      .addColumn('fidelity', 'double precision')
      .addColumn('downtime_ms', 'double precision')
      .addColumn('checkpoints', 'text', (column) => column.notNull())
      .addColumn('max_context_use', 'double precision')
      .addColumn('longest_silence_ms', 'double precision', (column) => column.notNull())
      .execute();
    await database.schema.createIndex('outcome_by_end').on('outcome').column('ended_at_ms').execute();
    await database.schema.createIndex('outcome_by_session').on('outcome').column('session_id').execute();
  },
};

/** Every change of the tables, in order of their names; one that was released is never altered. */
export const migrations: MigrationProvider = {
  getMigrations: () => Promise.resolve({ '2026-11-001-outcomes': first }),
};
