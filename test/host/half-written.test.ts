import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ensureShimHome, removeHalfWritten } from '../../host/shim-home.js';

it('what a killed process has left half-written in run/ is taken away, and nothing of one that lives', () => {
  const home = mkdtempSync(join(tmpdir(), 'shim-home-'));
  try {
    ensureShimHome(home);
    for (const file of ['host-worker.json', 'host-worker.json.4194304', `control-worker.json.${process.pid}`]) writeFileSync(join(home, 'run', file), '{');
    removeHalfWritten(home);
    expect(readdirSync(join(home, 'run')).toSorted()).toEqual([`control-worker.json.${process.pid}`, 'host-worker.json']);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
});
