/** A metric family of an exposition, with its samples as they are written: `name{labels}` to value. */
export interface Family {
  type: string;
  samples: Map<string, number>;
}

const comment = /^# (?<kind>HELP|TYPE) (?<name>[a-zA-Z_:][a-zA-Z0-9_:]*) (?<rest>.+)$/;
const label = String.raw`[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*"`;
const sample = new RegExp(String.raw`^(?<key>(?<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(?:${label},?)*\})?) (?<value>\S+)(?: -?\d+)?$`);
const types = new Set(['counter', 'gauge', 'histogram', 'summary', 'untyped']);

/**
 * Reads Prometheus' text format, version 0.0.4, as strictly as it is specified.
 *
 * @throws Error on a line that is no part of it, a sample outside its family, and a family or sample that comes twice.
 */
export function parseExposition(text: string): Map<string, Family> {
  if (!text.endsWith('\n')) throw new Error('the last line does not end');
  const families = new Map<string, Family>();
  let current = '';
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const about = comment.exec(line)?.groups;
    if (about) {
      current = readComment(about, families);
      continue;
    }
    const { key = '', name = '', value = '' } = sample.exec(line)?.groups ?? {};
    const family = families.get(current);
    if (!family || !belongsTo(name, current, family.type)) throw new Error(`not a sample of ${current || 'any family'}: ${line}`);
    if (family.samples.has(key)) throw new Error(`a second sample of ${key}`);
    family.samples.set(key, readValue(value));
  }
  return families;
}

function readComment({ kind = '', name = '', rest = '' }: Record<string, string>, families: Map<string, Family>): string {
  if (kind === 'HELP') return name;
  if (!types.has(rest)) throw new Error(`${name} has no type: ${rest}`);
  if (families.has(name)) throw new Error(`a second family ${name}`);
  families.set(name, { type: rest, samples: new Map() });
  return name;
}

function belongsTo(name: string, family: string, type: string): boolean {
  if (name === family) return type !== 'histogram';
  const suffixes = type === 'histogram' ? ['_bucket', '_sum', '_count'] : type === 'summary' ? ['_sum', '_count'] : [];
  return suffixes.some((suffix) => name === `${family}${suffix}`);
}

/** A number as Go's ParseFloat takes it: NaN and infinity in any case. */
function readValue(text: string): number {
  if (/^nan$/i.test(text)) return Number.NaN;
  const infinity = /^(?<sign>[+-]?)inf(?:inity)?$/i.exec(text);
  const value = infinity ? Number(`${infinity.groups?.['sign'] ?? ''}Infinity`) : Number(text);
  if (Number.isNaN(value)) throw new Error(`not a number: ${text}`);
  return value;
}
