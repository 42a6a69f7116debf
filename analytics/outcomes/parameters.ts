import type { Kysely } from 'kysely';
import type { ParameterName } from '../../domain/parameter-table.js';
import type { PublishedParameter } from './store.js';
import type { StoreTables } from './tables.js';

/** Every version is kept; the highest stands, in whatever order they come. */
export async function insertParameter(db: Kysely<StoreTables>, parameter: PublishedParameter, atMs: number): Promise<void> {
  await db
    .insertInto('parameter')
    .values({ name: parameter.name, version: parameter.version, published: JSON.stringify(parameter), published_at_ms: atMs })
    .onConflict((conflict) => conflict.columns(['name', 'version']).doNothing())
    .execute();
}

export async function findParameter(db: Kysely<StoreTables>, name: ParameterName): Promise<PublishedParameter | null> {
  const row = await db.selectFrom('parameter').select('published').where('name', '=', name).orderBy('version', 'desc').limit(1).executeTakeFirst();
  return row ? (JSON.parse(row.published) as PublishedParameter) : null;
}

/** By name. */
export async function findParameters(db: Kysely<StoreTables>): Promise<PublishedParameter[]> {
  const highest = db.selectFrom('parameter').select(({ fn }) => ['name', fn.max('version').as('version')]).groupBy('name').as('highest');
  const rows = await db
    .selectFrom('parameter')
    .innerJoin(highest, (join) => join.onRef('highest.name', '=', 'parameter.name').onRef('highest.version', '=', 'parameter.version'))
    .select('published')
    .orderBy('parameter.name')
    .execute();
  return rows.map((row) => JSON.parse(row.published) as PublishedParameter);
}
