import { basename } from 'node:path';
import { sessionNameSchema } from '../domain/session.js';

const longestBase = 50;

/** A name made from a folder's; the same with -2, -3… for the `n`th choice, where the ones before are taken. */
export function defaultName(cwd: string, n: number): string {
  const cleaned = basename(cwd)
    .replace(/[^A-Za-z0-9_-]+/g, '-')
    .replace(/^[-_]+|-+$/g, '')
    .slice(0, longestBase);
  const base = sessionNameSchema.safeParse(cleaned).success ? cleaned : 'session';
  return n === 1 ? base : `${base}-${n}`;
}
