import { describe, expect, it } from 'vitest';
import { createRedactor, isSecretName, looksLikeSecret } from '../../../host/output/redaction.js';

const mebibyte = 1_048_576;
const jwt = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.s5cR3tSignature_-x';
const keyBody = 'MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSj\nAgEAAoIBAQDZ4x+/Xyq8=';
const privateKey = `-----BEGIN RSA PRIVATE KEY-----\n${keyBody}\n-----END RSA PRIVATE KEY-----`;

/** Put together here, so that no scanner of this repository takes them for real. */
const secret = (...parts: string[]) => parts.join('');

const secrets = {
  anthropic: secret('sk-ant-', 'api03-AbCdEf_0123456789'),
  openai: secret('sk-', 'proj-0123456789abcdefABCD'),
  stripe: secret('sk_live_', '0123456789abcdefABCD'),
  github: secret('ghp_', '0123456789abcdefghijABCDEFGHIJ012345'),
  githubFine: secret('github_pat_', '11AAAAAAA0_0123456789abcdef'),
  gitlab: secret('glpat-', '0123456789abcdef-_AB'),
  npm: secret('npm_', '0123456789abcdefghijABCDEFGHIJ012345'),
  slack: secret('xoxb-', '1234567890-abcdefghij'),
  aws: secret('AKIA', 'IOSFODNN7EXAMPLE'),
  google: secret('AIza', 'SyA0123456789abcdefghijklmnopqrstuv'),
  jwt,
};

describe('createRedactor', () => {
  const redact = createRedactor([]);

  it.each(Object.entries(secrets))('masks the shape %s wherever it stands', (_name, secret) => {
    for (const text of [secret, `key ${secret}.`, `x=${secret}`, `"${secret}"`, `(${secret})`, JSON.stringify({ text: `first\n${secret}\n` })]) {
      expect(redact(text)).not.toContain(secret.slice(0, 12));
      expect(redact(text)).toContain('[redacted]');
    }
  });

  it.each([
    ['Authorization: Bearer abcdefgh12345678', 'Authorization: Bearer [redacted]'],
    ['authorization: basic dXNlcjpwYXNzd29yZA==', 'authorization: basic [redacted]'],
    ['git clone https://user:hunter2@example.com/x.git', 'git clone https://user:[redacted]@example.com/x.git'],
    ['redis://:hunter2@localhost:6379', 'redis://:[redacted]@localhost:6379'],
    ['https://0123456789abcdefghijklmn@example.com', 'https://[redacted]@example.com'],
    ['DEPLOY_TOKEN=correcthorse npm publish', 'DEPLOY_TOKEN=[redacted] npm publish'],
    ['STRIPE_KEY="correcthorse"', 'STRIPE_KEY="[redacted]"'],
    ['password=hunter2', 'password=[redacted]'],
    ['{"password": "hunter2", "user": "ann"}', '{"password": "[redacted]", "user": "ann"}'],
    [String.raw`{"text":"{\"api_key\": \"a1b2c3d4e5\"}"}`, String.raw`{"text":"{\"api_key\": \"[redacted]\"}"}`],
    ['client_secret: s3cr3tvalue', 'client_secret: [redacted]'],
  ])('masks only the secret part of %s', (text, clean) => {
    expect(redact(text)).toBe(clean);
  });

  it.each([
    '{"usage":{"input_tokens":1234567,"cache_read_input_tokens":12345678}}',
    'const token: string = next();',
    'the task-force-of-the-long-name and risk-assessment-of-everything',
    'https://example.com:8080/a@b and http://localhost:7233',
    'ssh://git@github.com/a/b.git',
    'commit 0a1b2c3d4e5f60718293a4b5c6d7e8f901234567',
    '550e8400-e29b-41d4-a716-446655440000',
    'npm_config_cache=/tmp/x',
  ])('leaves %s alone', (text) => {
    expect(redact(text)).toBe(text);
  });

  it('masks a private key whole, with real or escaped line ends, and keeps what is around it', () => {
    expect(redact(`before\n${privateKey}\nafter`)).toBe('before\n[redacted]\nafter');
    expect(redact(JSON.stringify({ key: privateKey, next: 'more' }))).toBe('{"key":"[redacted]","next":"more"}');
    expect(redact(JSON.stringify(JSON.stringify({ key: privateKey })))).not.toContain('MIIEvQ');
  });

  it('masks a private key whose end is cut off', () => {
    expect(redact(privateKey.slice(0, 60))).toBe('[redacted]');
  });

  it('masks the values it knows, plain, as JSON, in a URL and line by line', () => {
    const value = 'p"ss wörd\\1';
    const clean = createRedactor([value, 'line one is long\nline two is long']);
    expect(clean(`a ${value} b`)).toBe('a [redacted] b');
    expect(clean(JSON.stringify({ value }))).toBe('{"value":"[redacted]"}');
    expect(clean(`?q=${encodeURIComponent(value)}`)).toBe('?q=[redacted]');
    expect(clean('line two is long')).toBe('[redacted]');
  });

  it('masks the longer of two values of which one holds the other', () => {
    expect(createRedactor(['abcdefgh', 'abcdefgh-ijkl'])('abcdefgh-ijkl abcdefgh')).toBe('[redacted] [redacted]');
  });

  it('takes a value literally, whatever a regular expression would make of it', () => {
    expect(createRedactor(['a.*b$1(c)'])('a.*b$1(c) axxb$1(c)')).toBe('[redacted] axxb$1(c)');
  });

  it('masks once what it knows both by value and by name', () => {
    const redact = createRedactor(['a-value-known']);
    expect(redact('API_KEY=a-value-known PASSWORD=a-value-known, done')).toBe('API_KEY=[redacted] PASSWORD=[redacted], done');
  });

  it('leaves values below 8 characters alone', () => {
    expect(createRedactor(['true', ''])('true story')).toBe('true story');
  });

  it.each([
    'eyJ-',
    'eyJaaaaaaaaaa.',
    '\\neyJaaaaaaaaaa.',
    'sk-',
    '://a:',
    '://',
    'bearer ',
    'bearer\t',
    'password:',
    'token:',
    'token=a',
    'authorization:basic ',
    '-----BEGIN ',
    '-----BEGIN PRIVATE KEY-----',
    '\\',
    'a',
    ' ',
  ])('needs no more than a moment for a megabyte of %j', (piece) => {
    const text = piece.repeat(Math.ceil(mebibyte / piece.length));
    const halfMs = duration(() => redact(text.slice(0, mebibyte / 2)));
    const wholeMs = duration(() => redact(text));
    // A quadratic shape would take minutes; a linear one twice the time of the half, on a busy machine a little more.
    expect(wholeMs).toBeLessThan(2_000);
    expect(wholeMs).toBeLessThan(Math.max(500, 8 * halfMs));
  });
});

describe('looksLikeSecret', () => {
  it.each([
    secrets.anthropic,
    secrets.github,
    `--header=${secrets.jwt}`,
    `run with ${secrets.openai}`,
    privateKey,
    '--api-key=abc',
    '--token=abcdef',
    '--db-password=x1',
    'GITHUB_TOKEN=abcdefgh',
    'AWS_SECRET_ACCESS_KEY=abcdefgh',
    'STRIPE_KEY=abcdefgh',
    'Authorization: Bearer abcdefgh12345678',
    'postgres://ann:hunter2@db/x',
    '--url=https://ann:hunter2@example.com',
  ])('refuses %s with a reason', (argument) => {
    expect(looksLikeSecret(argument)).toMatch(/^it|^its/);
  });

  it.each([
    '-p',
    'fix the bug in the token parser',
    'set api_key=foo in the docs',
    '--max-tokens=4096',
    '--model=opus',
    '--token=12345',
    '--token-file=/run/secrets/token',
    '--token=/run/secrets/token',
    '--password=$DB_PASSWORD',
    '--key=value',
    'https://example.com/a@b',
    'postgres://ann@db/x',
    'postgres://ann:$PASSWORD@db/x',
    'task-with-a-really-long-name-here',
    '0a1b2c3d4e5f60718293a4b5c6d7e8f901234567',
  ])('lets %s pass', (argument) => {
    expect(looksLikeSecret(argument)).toBeNull();
  });

  it('needs no more than a moment for a megabyte', () => {
    for (const piece of ['a', '-', 'token=', 'a:', ' ', 'eyJ-']) {
      expect(duration(() => looksLikeSecret(piece.repeat(mebibyte / piece.length)))).toBeLessThan(500);
    }
  });
});

describe('isSecretName', () => {
  it.each(['ANTHROPIC_API_KEY', 'GH_TOKEN', 'DB_PASSWORD', 'AWS_SECRET_ACCESS_KEY', 'GITHUB_PAT', 'NPM_AUTH'])('takes %s for secret', (name) => {
    expect(isSecretName(name)).toBe(true);
  });

  it.each(['PATH', 'HOME', 'GIT_AUTHOR_NAME', 'SSH_AUTH_SOCK', 'XAUTHORITY', 'LANG', 'PATTERN'])('takes %s for public', (name) => {
    expect(isSecretName(name)).toBe(false);
  });
});

function duration(work: () => unknown): number {
  const startMs = performance.now();
  work();
  return performance.now() - startMs;
}
