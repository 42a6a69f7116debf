import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const schema = z.object({ address: z.string(), uiUrl: z.url().nullish() });

/** Where the embedded Temporal listens, and its Web UI. */
export interface TemporalRecord {
  address: string;
  uiUrl: string | null;
}

/** Reads what `shim up` wrote of the embedded server; null where there is none. */
export function readTemporalRecord(home: string): TemporalRecord | null {
  try {
    const { address, uiUrl } = schema.parse(JSON.parse(readFileSync(join(home, 'run', 'temporal.json'), 'utf8')));
    return { address, uiUrl: uiUrl ?? null };
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof z.ZodError) return null;
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}
