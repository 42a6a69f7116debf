import { InvalidArgumentError } from 'commander';
import { z } from 'zod';

const durationUnits: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const sizeUnits: Readonly<Record<string, number>> = { b: 1, kb: 1e3, mb: 1e6, gb: 1e9, tb: 1e12, kib: 2 ** 10, mib: 2 ** 20, gib: 2 ** 30, tib: 2 ** 40 };
const quantitySchema = z.string().regex(/^\d{1,12}(\.\d{1,6})?[a-z]{1,3}$/i);

/** Reads a duration as 500ms, 10s, 1.5h or 2d. @returns ms. @throws InvalidArgumentError, which commander puts after the option's name. */
export function parseDuration(text: string): number {
  return parseQuantity(text, durationUnits, 'a number and a unit (ms, s, m, h, d), as 10m');
}

/** Reads a size as 512MB, 2GB or 1.5GiB. @returns bytes. @throws InvalidArgumentError. */
export function parseSize(text: string): number {
  return parseQuantity(text, sizeUnits, 'a number and a unit (KB, MB, GB, MiB, GiB), as 2GB');
}

/** Reads a whole number, 0 or more. @throws InvalidArgumentError. */
export function parseCount(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('Give a whole number, as 5.');
  return Number(text);
}

/** Reads a ratio between 0 and 1. @throws InvalidArgumentError. */
export function parseRatio(text: string): number {
  if (!/^(0?\.\d{1,6}|[01](\.0{1,6})?|0\.\d{1,6})$/.test(text)) throw new InvalidArgumentError('Give a ratio between 0 and 1, as 0.75.');
  return Number(text);
}

function parseQuantity(text: string, units: Readonly<Record<string, number>>, expected: string): number {
  const factor = units[text.replace(/^[\d.]+/, '').toLowerCase()];
  if (!quantitySchema.safeParse(text).success || factor === undefined) throw new InvalidArgumentError(`Give ${expected}.`);
  return Math.round(Number.parseFloat(text) * factor);
}
