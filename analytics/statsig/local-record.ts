import { randomBytes } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { StatsigConnection } from './connection.js';

const recordSchema = z.object({
  port: z.number().int().positive(),
  secretKey: z.string(),
  consoleKey: z.string(),
  /** Of the server that listens there; null before it does. */
  pid: z.number().int().nullable(),
  /** Of that server; lacking before it listens, and in records of older versions. */
  build: z.string().optional(),
});

/** Where the local server listens, and the keys it asks for: chosen once, so that it comes back the same. */
export type LocalStatsigRecord = z.infer<typeof recordSchema>;

function recordFile(home: string): string {
  return join(home, 'run', 'statsig.json');
}

/** Null where there is none. */
export function readLocalRecord(home: string): LocalStatsigRecord | null {
  try {
    return recordSchema.parse(JSON.parse(readFileSync(recordFile(home), 'utf8')));
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof z.ZodError) return null;
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}

/** Readable by its owner only: it holds the keys. */
export function writeLocalRecord(home: string, record: LocalStatsigRecord): void {
  const temporary = `${recordFile(home)}.${process.pid}`;
  writeFileSync(temporary, JSON.stringify(record), { mode: 0o600 });
  renameSync(temporary, recordFile(home));
}

/** Keys of a new local server. */
export function newLocalKeys(): Pick<StatsigConnection, 'secretKey' | 'consoleKey'> {
  const random = () => randomBytes(24).toString('hex');
  return { secretKey: `secret-local-${random()}`, consoleKey: `console-local-${random()}` };
}

/** How the local server is reached. */
export function localConnection({ port, secretKey, consoleKey }: Pick<LocalStatsigRecord, 'port' | 'secretKey' | 'consoleKey'>): StatsigConnection {
  return { address: `http://127.0.0.1:${port}`, secretKey, consoleKey };
}
