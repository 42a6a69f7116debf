import { InvalidArgumentError } from 'commander';
import { z } from 'zod';
import { BadInputError } from '../errors.js';

const durationUnits: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const sizeUnits: Readonly<Record<string, number>> = { b: 1, kb: 1e3, mb: 1e6, gb: 1e9, tb: 1e12, kib: 2 ** 10, mib: 2 ** 20, gib: 2 ** 30, tib: 2 ** 40 };
const tokenUnits: Readonly<Record<string, number>> = { k: 1e3, m: 1e6 };
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

/** Reads an amount above 0, as 5 or 2.50. @throws InvalidArgumentError. */
export function parseAmount(text: string): number {
  if (!/^\d{1,9}(\.\d{1,6})?$/.test(text) || Number(text) === 0) throw new InvalidArgumentError('Give an amount above 0, as 5 or 2.50.');
  return Number(text);
}

/** Reads a whole number above 0, in thousands (k) or millions (M) too: 2000000, 500k, 1.5M. @throws InvalidArgumentError. */
export function parseTokens(text: string): number {
  const [, digits = '', unit = ''] = /^(\d{1,15}|\d{1,9}(?:\.\d{1,6})?(?=[km]))([km]?)$/i.exec(text) ?? [];
  const tokens = Number(digits) * (tokenUnits[unit.toLowerCase()] ?? 1);
  if (!Number.isSafeInteger(tokens) || tokens === 0) throw new InvalidArgumentError('Give a whole number above 0, as 2000000, 500k or 2M.');
  return tokens;
}

/** As parseAmount; `none` is 0. */
export function parseAmountOrNone(text: string): number {
  return text === 'none' ? 0 : parseAmount(text);
}

/** As parseTokens; `none` is 0. */
export function parseTokensOrNone(text: string): number {
  return text === 'none' ? 0 : parseTokens(text);
}

/** Reads a ratio between 0 and 1. @throws InvalidArgumentError. */
export function parseRatio(text: string): number {
  if (!/^(0?\.\d{1,6}|[01](\.0{1,6})?|0\.\d{1,6})$/.test(text)) throw new InvalidArgumentError('Give a ratio between 0 and 1, as 0.75.');
  return Number(text);
}

/**
 * Reads a time as a duration from now, a time of day (the next one, in this machine's zone) or ISO 8601.
 *
 * @returns Unix ms. @throws BadInputError.
 */
export function parseTime(text: string, nowMs: number): number {
  const clock = /^([01]?\d|2[0-3]):([0-5]\d)$/.exec(text);
  if (clock) {
    const at = new Date(nowMs);
    at.setHours(Number(clock[1]), Number(clock[2]), 0, 0);
    if (at.getTime() <= nowMs) at.setDate(at.getDate() + 1);
    return at.getTime();
  }
  if (quantitySchema.safeParse(text).success && durationUnits[text.replace(/^[\d.]+/, '').toLowerCase()] !== undefined) return nowMs + parseDuration(text);
  const ms = /^\d{4}-\d{2}-\d{2}T/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(ms)) throw new BadInputError(`${JSON.stringify(text.slice(0, 60))} is no time; give one from now (30m), a time of day (14:30), or ISO 8601 (2026-01-31T14:30Z)`);
  return ms;
}

/**
 * Reads a time that is over as a duration before now, a time of day (the latest one, in this machine's zone) or ISO 8601.
 *
 * @returns Unix ms. @throws BadInputError.
 */
export function parsePast(text: string, nowMs: number): number {
  if (quantitySchema.safeParse(text).success && durationUnits[text.replace(/^[\d.]+/, '').toLowerCase()] !== undefined) return nowMs - parseDuration(text);
  const clock = /^([01]?\d|2[0-3]):([0-5]\d)$/.exec(text);
  if (clock) {
    const at = new Date(nowMs);
    at.setHours(Number(clock[1]), Number(clock[2]), 0, 0);
    if (at.getTime() > nowMs) at.setDate(at.getDate() - 1);
    return at.getTime();
  }
  const ms = /^\d{4}-\d{2}-\d{2}(T|$)/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(ms)) throw new BadInputError(`${JSON.stringify(text.slice(0, 60))} is no time; give a duration before now (30m), a time of day (14:30), or ISO 8601 (2026-01-31T14:30Z)`);
  return ms;
}

function parseQuantity(text: string, units: Readonly<Record<string, number>>, expected: string): number {
  const factor = units[text.replace(/^[\d.]+/, '').toLowerCase()];
  if (!quantitySchema.safeParse(text).success || factor === undefined) throw new InvalidArgumentError(`Give ${expected}.`);
  return Math.round(Number.parseFloat(text) * factor);
}
