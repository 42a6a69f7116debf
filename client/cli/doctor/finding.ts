/** What the doctor found about one thing. */
export interface Finding {
  name: string;
  verdict: 'ok' | 'warn' | 'fail';
  /** What is so, one line. */
  found: string;
  /** How to mend it; null where all is well. */
  remedy: string | null;
}

export function ok(name: string, found: string): Finding {
  return { name, verdict: 'ok', found, remedy: null };
}

export function warn(name: string, found: string, remedy: string): Finding {
  return { name, verdict: 'warn', found, remedy };
}

export function fail(name: string, found: string, remedy: string): Finding {
  return { name, verdict: 'fail', found, remedy };
}
