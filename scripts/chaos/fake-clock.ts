import { readFileSync } from 'node:fs';

/**
 * Loaded before a worker (NODE_OPTIONS=--import): its wall clock is the machine's with what the file named by SHIM_CHAOS_CLOCK
 * says added, ms. Its monotonic clock and its timers are left alone, as on a machine whose clock is set.
 */
const file = process.env['SHIM_CHAOS_CLOCK'];
const RealDate = Date;
const realNow = RealDate.now.bind(RealDate);
let offsetMs = 0;

function look(): void {
  try {
    offsetMs = Number(readFileSync(file ?? '', 'utf8')) || 0;
  } catch {
    offsetMs = 0;
  }
}

class TurnedDate extends RealDate {
  constructor(...given: [] | [number | string | Date]) {
    if (given.length === 0) super(realNow() + offsetMs);
    else super(...given);
  }

  static override now(): number {
    return realNow() + offsetMs;
  }
}

if (file !== undefined) {
  look();
  setInterval(look, 250).unref();
  globalThis.Date = TurnedDate as DateConstructor;
}
