/** Removes secrets from a text. Its time grows with the text's length alone, whatever the text is. */
export type Redactor = (text: string) => string;

/** Shorter values are words of their own too often. */
const shortestSecret = 8;

const mask = '[redacted]';

/** What is masked already is not masked once more, its last bracket left over. */
const unmasked = String.raw`(?!\[redacted\])`;

/** Where a secret begins: after no letter or digit, but for the letter of an escape (`\nsk-…` inside JSON). */
const start = String.raw`(?<!(?<!\\)[A-Za-z0-9])`;

/** As `start`, for shapes whose own characters could begin one again: else each of them would be read to the end. */
const wideStart = String.raw`(?<!(?<!\\)[A-Za-z0-9_-])`;

/** A key's body, its lines apart by real or escaped line ends, up to its last line or the first thing that is no key. */
const privateKey = String.raw`-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----(?:\\{1,8}[nr]|[\sA-Za-z0-9+/=,:-])*?(?:-----END [A-Z ]{0,30}PRIVATE KEY-----|(?!\\{1,8}[nr]|[\sA-Za-z0-9+/=,:-]))`;

/** Shapes of well-known secrets. None repeats what it repeats, and where one fails it has read a few characters only. */
const shapes = [
  `${start}sk-[A-Za-z0-9_-]{16,}`,
  `${start}[rs]k_live_[A-Za-z0-9]{16,}`,
  `${start}gh[pousr]_[A-Za-z0-9]{20,}`,
  `${start}github_pat_[A-Za-z0-9_]{20,}`,
  `${start}glpat-[A-Za-z0-9_-]{16,}`,
  `${start}npm_[A-Za-z0-9]{36}`,
  `${start}hf_[A-Za-z0-9]{30,}`,
  `${start}xox[abposr]-[A-Za-z0-9-]{10,}`,
  `${start}A(?:KIA|SIA)[0-9A-Z]{16}(?![0-9A-Z])`,
  `${start}AIza[A-Za-z0-9_-]{30,}`,
  String.raw`${wideStart}eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}`,
  privateKey,
].join('|');

const shape = new RegExp(shapes);
const everyShape = new RegExp(shapes, 'g');

/** Between a name and its value: `=`, `: `, `": "`, and those inside JSON (`\": \"`). */
const separator = String.raw`\\{0,3}["']?\s{0,3}[=:]\s{0,3}\\{0,3}["']?`;
const value = String.raw`[^\s"'\\&,;})\]]`;
const keyNames = 'token|api[_-]?key|access[_-]?key|private[_-]?key|_key|_pat';
const passwordNames = '(?:passw(?:or)?d|passphrase|secret|credential)s?';

/** Shapes in which only a part is secret; the first group is kept. */
const partialShapes: readonly RegExp[] = [
  /(bearer\s{1,8})[A-Za-z0-9._~+/-]{8,}=*/gi,
  /(authorization\\{0,3}["']?\s{0,3}[=:]\s{0,3}\\{0,3}["']?(?:basic|token)\s{1,8})[A-Za-z0-9._~+/-]{8,}=*/gi,
  /(:\/\/[^\s/:@"'\\<>]{0,256}:)[^\s/@"'\\<>]+(?=@)/g,
  /(:\/\/)[^\s/:@"'\\<>]{20,}(?=@)/g,
  new RegExp(`(${passwordNames}${separator})${unmasked}${value}{6,}`, 'gi'),
  new RegExp(`((?:${keyNames})=\\\\{0,3}["']?)${unmasked}${value}{8,}`, 'gi'),
  // Elsewhere `token: string` is code, not a secret: without a digit it stays.
  new RegExp(`((?:${keyNames})${separator})(?=${value}{0,128}\\d)${value}{8,}`, 'gi'),
];

/**
 * A redactor that knows the values themselves, however they are written, as well as the shapes.
 *
 * @param values secret values handed to the agent; those shorter than 8 characters are left alone.
 */
export function createRedactor(values: readonly string[]): Redactor {
  const known = [...new Set(values.flatMap(spellings))].sort((a, b) => b.length - a.length);
  return (text) => {
    let clean = text;
    for (const spelling of known) clean = clean.replaceAll(spelling, mask);
    clean = clean.replace(everyShape, mask);
    for (const partial of partialShapes) clean = clean.replace(partial, `$1${mask}`);
    return clean;
  };
}

/** A value as it is, each of its lines, and both as JSON and as a URL write them. */
function spellings(secret: string): string[] {
  return [secret, ...secret.split(/\r?\n/)]
    .map((text) => text.trim())
    .filter((text) => text.length >= shortestSecret)
    .flatMap((text) => [text, JSON.stringify(text).slice(1, -1), encodeURIComponent(Buffer.from(text).toString())]);
}

/** Names of environment variables whose values are secret. */
export function isSecretName(name: string): boolean {
  return /key|token|secret|passw|credential|auth(?!or)|(?:^|_)pat$/i.test(name) && !/^(SSH_AUTH_SOCK|XAUTHORITY)$/.test(name);
}

/**
 * Why a command-line argument looks like a secret, or null. An argument is seen by every user of a machine. Only what is
 * nearly certain counts: a path, a number or a reference to a variable is none, and prose may speak of tokens.
 */
export function looksLikeSecret(argument: string): string | null {
  if (shape.test(argument)) return 'it has the shape of a key';
  if (/^(?:[\w-]{1,64}:\s{0,8})?bearer\s{1,8}[A-Za-z0-9._~+/-]{8,}=*$/i.test(argument)) return 'it is an authorization header';
  if (/^(?:--?[\w-]{1,64}=)?[a-z][a-z0-9+.-]{0,20}:\/\/[^\s/:@]{0,256}:[^\s/@$<{][^\s/@]*@/i.test(argument)) return 'its URL has a password';
  if (/^[\w-]{0,64}(?:api[_-]?key|access[_-]?key|_key|token|secret|passw(?:or)?d|passphrase)=(?![$./~{<]|\d+$)\S+$/i.test(argument)) return 'it passes a key by value';
  return null;
}
