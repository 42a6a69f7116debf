import { join } from 'node:path';
import { z } from 'zod';
import { readRecord } from './record-file.js';
import { replaceFile } from './replace-file.js';

/** How the sessions of a host come back after it was away. */
export const initStrategies = ['parallel', 'sequential'] as const;
export type InitStrategy = (typeof initStrategies)[number];

const recordSchema = z.object({ strategy: z.enum(initStrategies), atMs: z.number() });

function recordFile(home: string): string {
  return join(home, 'run', 'init-strategy.json');
}

/** The strategy that was heard of last, for a start at which nobody can be asked; null where none was. */
export function readInitStrategy(home: string): InitStrategy | null {
  return readRecord(recordFile(home), recordSchema)?.strategy ?? null;
}

export function keepInitStrategy(home: string, strategy: InitStrategy): void {
  const path = recordFile(home);
  replaceFile(path, `${path}.${process.pid}`, JSON.stringify({ strategy, atMs: Date.now() }));
}
