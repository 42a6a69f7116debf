import { z } from 'zod';

const objectSchema = z.record(z.string(), z.unknown());
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

/** One line of bounded length. */
export function oneLine(text: string, length = 500): string {
  return text.replace(/\s+/g, ' ').trim().slice(0, length);
}
