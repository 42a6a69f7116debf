/** Removes secrets from a text. */
export type Redactor = (text: string) => string;

/** Shorter values are words of their own too often. */
const shortestSecret = 8;

const mask = '[redacted]';

/** Shapes of well-known secrets. Each is linear: no nested or overlapping repetition. */
const shapes: readonly RegExp[] = [
  /\bsk-[A-Za-z0-9_-]{16,}/g,
  /\bgh[pousr]_[A-Za-z0-9]{20,}/g,
  /\bgithub_pat_[A-Za-z0-9_]{20,}/g,
  /\bglpat-[A-Za-z0-9_-]{16,}/g,
  /\bxox[abposr]-[A-Za-z0-9-]{10,}/g,
  /\bAKIA[0-9A-Z]{16}\b/g,
  /\bAIza[A-Za-z0-9_-]{30,}/g,
  /\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}/g,
  /-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----/g,
];

/** Shapes in which only a part is secret; the first group is kept. */
const partialShapes: readonly RegExp[] = [
  /(\bBearer\s+)[A-Za-z0-9._~+/-]{8,}=*/gi,
  /(\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s/:@]{1,200}:)[^\s/@]{1,200}(?=@)/gi,
  /((?:api[_-]?key|token|secret|passw(?:or)?d|credential)s?["']?\s{0,3}[=:]\s{0,3}["']?)[^\s"'&,;}]{6,}/gi,
];

/**
 * A redactor that knows the values themselves as well as the shapes.
 *
 * @param values secret values handed to the agent; those shorter than 8 characters are left alone.
 */
export function createRedactor(values: readonly string[]): Redactor {
  const known = [...new Set(values.filter((value) => value.length >= shortestSecret))].sort((a, b) => b.length - a.length);
  return (text) => {
    let clean = text;
    for (const value of known) clean = clean.replaceAll(value, mask);
    for (const shape of shapes) clean = clean.replace(shape, mask);
    for (const shape of partialShapes) clean = clean.replace(shape, `$1${mask}`);
    return clean;
  };
}

/** Names of environment variables whose values are secret. */
export function isSecretName(name: string): boolean {
  return /key|token|secret|passw|credential|auth/i.test(name) && !/^(SSH_AUTH_SOCK|XAUTHORITY)$/.test(name);
}

/** Why a command-line argument looks like a secret, or null. An argument is seen by every user of a machine. */
export function looksLikeSecret(argument: string): string | null {
  if (shapes.some((shape) => new RegExp(shape.source, shape.flags.replace('g', '')).test(argument))) return 'it has the shape of a key';
  if (/^--?(api[_-]?key|token|secret|password)=.+/i.test(argument)) return 'it passes a key by value';
  return null;
}
