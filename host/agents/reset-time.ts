/** Resets farther away than this are not believed, ms. */
const longestLimitMs = 8 * 24 * 3_600_000;

/** A reset just past is believed: it is told by another clock, ms. */
const toleratedPastMs = 3_600_000;

const unitMs: Readonly<Record<string, number>> = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000 };

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

/** A reset time from outside, seconds or milliseconds since 1970; undefined where it cannot be one. */
export function plausibleReset(value: unknown, nowMs: number): number | undefined {
  if (typeof value !== 'number' || !Number.isFinite(value)) return undefined;
  const ms = value < 1e11 ? value * 1_000 : value;
  return ms > nowMs - toleratedPastMs && ms < nowMs + longestLimitMs ? Math.round(ms) : undefined;
}

/**
 * Reads when a limit ends from an agent's words: `limit reached|1732400000`, `try again in 2 hours 5 minutes`,
 * `resets 3:30pm (Europe/Berlin)`, `try again at Nov 24th, 2026 9:29 AM`. Unix ms.
 */
export function resetFromText(text: string, nowMs: number): number | undefined {
  const epoch = /\|(\d{10,13})\b/.exec(text)?.[1];
  if (epoch !== undefined) return plausibleReset(Number(epoch), nowMs);
  return resetAfterWait(text, nowMs) ?? resetAtClock(text, nowMs);
}

function resetAfterWait(text: string, nowMs: number): number | undefined {
  const wait = /(?:try again|retry|resets?) in ((?:\d+(?:\.\d+)? ?(?:d|h|m|s)[a-z]*[ ,]*(?:and )?){1,4})/i.exec(text)?.[1];
  if (wait === undefined) return undefined;
  let ms = 0;
  for (const [, amount, unit] of wait.matchAll(/(\d+(?:\.\d+)?) ?(d|h|m|s)/gi)) ms += Number(amount) * (unitMs[(unit ?? 's').toLowerCase()] ?? 0);
  return ms > 0 ? plausibleReset(nowMs + ms, nowMs) : undefined;
}

/** A time of day, with or without a date, in the zone that is named after it or else this machine's. */
function resetAtClock(text: string, nowMs: number): number | undefined {
  const found = /(?:try again at|resets?(?: at)?) (?:([a-z]{3})[a-z]* (\d{1,2})(?:st|nd|rd|th)?,?(?: (\d{4}),?)?(?: at)? )?(\d{1,2})(?::(\d{2}))? ?(am|pm)\b(?: \(([A-Za-z_+\-/0-9]{1,40})\))?/i.exec(text);
  if (!found) return undefined;
  const [, month, day, year, hour, minute = '0', half = '', zone] = found;
  const offsetMs = zoneOffsetMs(nowMs, zone);
  if (offsetMs === undefined) return undefined;
  const local = new Date(nowMs + offsetMs);
  const monthIndex = month === undefined ? local.getUTCMonth() : months.indexOf(month.toLowerCase());
  if (monthIndex < 0) return undefined;
  const hours = (Number(hour) % 12) + (half.toLowerCase() === 'pm' ? 12 : 0);
  // The end of that minute: its seconds are not told, and who comes too early is refused again.
  const atMs = Date.UTC(Number(year ?? local.getUTCFullYear()), monthIndex, Number(day ?? local.getUTCDate()), hours, Number(minute) + 1) - offsetMs;
  // A time of day without a date is the next one, unless it has only just gone by.
  return plausibleReset(month === undefined && atMs < nowMs - 60_000 ? atMs + 86_400_000 : atMs, nowMs);
}

/** How far a zone's wall clock is ahead of UTC; undefined for a zone that is none. */
function zoneOffsetMs(atMs: number, timeZone: string | undefined): number | undefined {
  try {
    const parts = new Intl.DateTimeFormat('en-US', { ...(timeZone === undefined ? {} : { timeZone }), hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric' }).formatToParts(atMs);
    const of = (type: Intl.DateTimeFormatPartTypes) => Number(parts.find((part) => part.type === type)?.value);
    return Date.UTC(of('year'), of('month') - 1, of('day'), of('hour'), of('minute')) - Math.floor(atMs / 60_000) * 60_000;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
