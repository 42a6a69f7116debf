import { sql, type Kysely, type Migration } from 'kysely';

/** Where one schema has two spellings. */
export type DatabaseKind = 'SQLite' | 'PostgreSQL';

/** Every change of the tables, in order of their names; one that was released is never altered. */
export function migrationsFor(kind: DatabaseKind): Record<string, Migration> {
  return { '2026-11-001-sessions': sessions, '2026-11-002-experiments': experimentsOn(kind), '2026-11-003-zone-before-end': zoneBeforeEnd };
}

const sessions: Migration = {
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
      .addColumn('recorded_at_ms', 'double precision', (column) => column.notNull())
      .execute();
    await database.schema.createIndex('outcome_by_end').on('outcome').column('ended_at_ms').execute();
    await database.schema.createIndex('outcome_by_session').on('outcome').columns(['session_id', 'ended_at_ms']).execute();
    await database.schema.createIndex('outcome_by_record').on('outcome').column('recorded_at_ms').execute();
    await database.schema
      .createTable('session_opened')
      .addColumn('session_id', 'text', (column) => column.primaryKey())
      .addColumn('session_name', 'text', (column) => column.notNull())
      .addColumn('host_id', 'text', (column) => column.notNull())
      .addColumn('agent', 'text', (column) => column.notNull())
      .addColumn('parameters', 'text', (column) => column.notNull())
      .addColumn('opened_at_ms', 'double precision', (column) => column.notNull())
      .execute();
    await database.schema
      .createTable('session_closed')
      .addColumn('session_id', 'text', (column) => column.primaryKey())
      .addColumn('state', 'text', (column) => column.notNull())
      .addColumn('attempts', 'integer', (column) => column.notNull())
      .addColumn('restarts', 'integer', (column) => column.notNull())
      .addColumn('closed_at_ms', 'double precision', (column) => column.notNull())
      .execute();
  },
};

const zoneBeforeEnd: Migration = {
  async up(database: Kysely<unknown>): Promise<void> {
    await database.schema.alterTable('outcome').addColumn('zone_before_end', 'text').execute();
  },
};

function experimentsOn(kind: DatabaseKind): Migration {
  return {
    async up(database: Kysely<unknown>): Promise<void> {
      await database.schema
        .createTable('assignment')
        .addColumn('experiment_id', 'text', (column) => column.notNull())
        .addColumn('session_id', 'text', (column) => column.notNull())
        .addColumn('parameter', 'text', (column) => column.notNull())
        .addColumn('arm', 'text', (column) => column.notNull().check(sql`arm in ('control', 'treatment')`))
        .addColumn('value', 'text', (column) => column.notNull())
        .addColumn('assigned_at_ms', 'double precision', (column) => column.notNull())
        .addColumn('position', 'integer')
        .addPrimaryKeyConstraint('assignment_key', ['experiment_id', 'session_id'])
        .execute();
      await database.schema.createIndex('assignment_by_session').on('assignment').column('session_id').execute();
      await database.schema.createIndex('assignment_by_arm').on('assignment').columns(['experiment_id', 'arm']).execute();
      // Only of what is yet to mature: a look does not pay for what has.
      await database.schema
        .createIndex('assignment_immature')
        .on('assignment')
        .columns(['experiment_id', 'assigned_at_ms', 'session_id'])
        .where(sql.ref('position'), 'is', null)
        .execute();
      await database.schema
        .createTable('maturing')
        .addColumn('experiment_id', 'text', (column) => column.primaryKey())
        .addColumn('units', 'integer', (column) => column.notNull())
        .execute();
      await database.schema
        .createTable('unit')
        .addColumn('experiment_id', 'text', (column) => column.notNull())
        .addColumn('position', 'integer', (column) => column.notNull())
        .addColumn('session_id', 'text', (column) => column.notNull())
        .addColumn('arm', 'text', (column) => column.notNull())
        .addColumn('exposed_at_ms', 'double precision', (column) => column.notNull())
        .addColumn('matured_at_ms', 'double precision', (column) => column.notNull())
        .addColumn('reported', 'integer', (column) => column.notNull())
        .addColumn('crashed', 'integer', (column) => column.notNull())
        .addColumn('failed_resume', 'integer', (column) => column.notNull())
        .addColumn('resumes', 'integer', (column) => column.notNull())
        .addColumn('failed_resumes', 'integer', (column) => column.notNull())
        .addColumn('checkpoints', 'double precision', (column) => column.notNull())
        .addColumn('slow_checkpoints', 'double precision', (column) => column.notNull())
        .addColumn('tokens', 'double precision', (column) => column.notNull())
        .addColumn('cost_usd', 'double precision', (column) => column.notNull())
        .addColumn('lost_time_ms', 'double precision', (column) => column.notNull())
        .addColumn('downtime_ms', 'double precision', (column) => column.notNull())
        .addPrimaryKeyConstraint('unit_key', ['experiment_id', 'position'])
        .addUniqueConstraint('unit_once', ['experiment_id', 'session_id'])
        .execute();
      await database.schema
        .createTable('parameter')
        .addColumn('name', 'text', (column) => column.notNull())
        .addColumn('version', 'integer', (column) => column.notNull())
        .addColumn('published', 'text', (column) => column.notNull())
        .addColumn('published_at_ms', 'double precision', (column) => column.notNull())
        .addPrimaryKeyConstraint('parameter_key', ['name', 'version'])
        .execute();
      await database.schema
        .createTable('experiment')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('started_at_ms', 'double precision', (column) => column.notNull())
        .addColumn('saved_at_ms', 'double precision', (column) => column.notNull())
        .addColumn('status', 'text', (column) => column.notNull())
        .execute();
      await database.schema
        .createTable('look')
        .addColumn('experiment_id', 'text', (column) => column.notNull())
        .addColumn('at_ms', 'double precision', (column) => column.notNull())
        .addColumn('look', 'text', (column) => column.notNull())
        .addPrimaryKeyConstraint('look_key', ['experiment_id', 'at_ms'])
        .execute();
      await database.schema
        .createTable('mirror_event')
        .addColumn('id', kind === 'SQLite' ? 'integer' : 'bigserial', (column) => (kind === 'SQLite' ? column.primaryKey().autoIncrement() : column.primaryKey()))
        .addColumn('kind', 'text', (column) => column.notNull())
        .addColumn('body', 'text', (column) => column.notNull())
        .addColumn('created_at_ms', 'double precision', (column) => column.notNull())
        .execute();
    },
  };
}
