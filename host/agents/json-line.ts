import { z } from 'zod';

const objectSchema = z.record(z.string(), z.unknown());
/** Characters of an id or a name. */
const longestName = 200;

export type JsonObject = z.infer<typeof objectSchema>;

/** A line's JSON object; null where it is none. */
export function parseObject(line: string): JsonObject | null {
  if (!line.startsWith('{')) return null;
  try {
    return asObject(JSON.parse(line));
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

export function asObject(value: unknown): JsonObject | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : null;
}

export function asArray(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

export function asText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** A finite number that is not negative: tokens, costs and times from outside are nothing else. */
export function asAmount(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined;
}

/** An id or a name from outside, of bounded length. */
export function asName(value: unknown): string | undefined {
  return asText(value)?.slice(0, longestName);
}

/** Longer than what is kept of a summary: it is cut once more when secrets have been taken out, which a cut would hide. */
const summaryLength = 4_000;

/** A value as one line. */
export function summaryOf(value: unknown): string {
  if (typeof value === 'string') return oneLine(value, summaryLength);
  try {
    return oneLine(JSON.stringify(value) ?? '', summaryLength);
  } catch (error) {
    // JSON.parse takes any depth, JSON.stringify only as much as the stack.
    if (error instanceof RangeError) return '(too deeply nested to show)';
    throw error;
  }
}

/** One line of bounded length. */
export function oneLine(text: string, length = 500): string {
  // Cut first: the rest may be a megabyte.
  return text.slice(0, 4 * length).replace(/\s+/g, ' ').trim().slice(0, length);
}
