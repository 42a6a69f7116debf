import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { replaceFile } from './replace-file.js';

/** Writes a record of JSON in one step; it outlives a killed worker. */
export function writeRecord(path: string, value: unknown): void {
  replaceFile(path, `${path}.${process.pid}.tmp`, JSON.stringify(value));
}

/** As writeRecord names them, and write-file-atomic, for records that are written durably. */
const temporaryName = /\.\d+\.tmp$|\.json\.\d+$/;

/** Takes away what a process that was killed in the midst of writing a record has left in a folder. Nobody may be writing there. */
export function removeUnfinished(folder: string): void {
  for (const file of listFolder(folder)) if (temporaryName.test(file)) rmSync(join(folder, file), { force: true });
}

/** What a record holds; null where it is missing, or torn. */
export function readRecord<T>(path: string, schema: z.ZodType<T>): T | null {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof z.ZodError) return null;
    throw error;
  }
}

/** The names of what is in a folder; none where there is no folder. */
export function listFolder(path: string): string[] {
  try {
    return readdirSync(path);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
