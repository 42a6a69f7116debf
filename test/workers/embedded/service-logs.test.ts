import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { boundLog } from '../../../workers/embedded/service-logs.js';

describe('boundLog', () => {
  let log: string;

  beforeEach(() => {
    log = join(mkdtempSync(join(tmpdir(), 'shim-logs-')), 'service.log');
  });

  afterEach(() => {
    rmSync(join(log, '..'), { recursive: true, force: true });
  });

  it('moves the text of a log that is too long aside, and leaves the file to its writer', async () => {
    appendFileSync(log, 'twelve bytes');
    await boundLog(log, 11);
    appendFileSync(log, 'more');
    expect(readFileSync(log, 'utf8')).toBe('more');
    expect(readFileSync(`${log}.1`, 'utf8')).toBe('twelve bytes');
  });

  it('leaves a log of the allowed size alone', async () => {
    appendFileSync(log, 'twelve bytes');
    await boundLog(log, 12);
    expect(readFileSync(log, 'utf8')).toBe('twelve bytes');
  });

  it('takes a log that is not there for one that is short enough', async () => {
    await expect(boundLog(log)).resolves.toBeUndefined();
  });
});
