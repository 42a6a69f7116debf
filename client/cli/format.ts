import { formatDuration } from '../../domain/duration.js';

/** A time as seen from now: `3m 20s ago`, `in 40 s`; `-` for none. */
export function formatWhen(iso: string | null, nowMs: number): string {
  if (iso === null) return '-';
  const ms = Date.parse(iso) - nowMs;
  if (ms > 0) return `in ${formatDuration(ms)}`;
  return ms > -1_000 ? 'just now' : `${formatDuration(-ms)} ago`;
}

/** Bytes in decimal units: `190 MB`. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1_000;
    unit += 1;
  }
  return `${unit === 0 || value >= 10 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** A ratio as a percentage: `75 %`. */
export function formatRatio(ratio: number): string {
  return `${Math.round(ratio * 100)} %`;
}

/** A number of something: `1 message`, `3 messages`. */
export function count(n: number, noun: string, plural = `${noun}s`): string {
  return `${n} ${n === 1 ? noun : plural}`;
}

/** Text of unknown origin as one line that cannot steer a terminal. */
export function oneLine(text: string, longest = 200): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  const clean = text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ').trim();
  return clean.length > longest ? `${clean.slice(0, longest - 1)}…` : clean;
}
