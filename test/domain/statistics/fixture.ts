import { readFileSync } from 'node:fs';

/** The rows of a committed fixture, at least 500; the scripts of scripts/statistics/ write them. */
export function fixtureRows<Row>(name: string): Row[] {
  const { rows } = JSON.parse(readFileSync(new URL(`fixtures/${name}.json`, import.meta.url), 'utf8')) as { rows: Row[] };
  if (rows.length < 500) throw new Error(`${name} has only ${rows.length} rows`);
  return rows;
}
