import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { verifyCheckpoint } from '../../../host/checkpoints/verify-checkpoint.js';
import { newFolder, removeFolders, TestSession } from './session.js';

/** Replaces files, makes and removes others, turns files into folders and back, and appends to a conversation, as fast as it can. */
const writer = `
const fs = require('fs');
const conversation = process.argv[1];
for (let n = 1; ; n += 1) {
  for (const name of ['a', 'b', 'c']) {
    fs.writeFileSync('.new', (name + n + '\\n').repeat(2000));
    fs.renameSync('.new', name);
  }
  fs.writeFileSync('comes-and-goes-' + (n % 7), String(n));
  fs.rmSync('comes-and-goes-' + ((n + 3) % 7), { force: true });
  fs.rmSync('either', { recursive: true, force: true });
  if (n % 2) { fs.mkdirSync('either'); fs.writeFileSync('either/in', String(n)); } else fs.writeFileSync('either', String(n));
  fs.appendFileSync(conversation, JSON.stringify({ type: 'assistant', n }) + '\\n');
  if (n === 3) fs.writeFileSync('ready', '');
}`;

let session: TestSession;
let racing: ChildProcess;
beforeEach(async () => {
  session = new TestSession();
  racing = spawn(process.execPath, ['-e', writer, session.transcript], { cwd: session.tree, stdio: 'inherit' });
  await expect.poll(() => existsSync(join(session.tree, 'ready')), { interval: 5, timeout: 20_000 }).toBe(true);
});
afterEach(async () => {
  const ended = once(racing, 'exit');
  racing.kill('SIGKILL');
  await ended;
  removeFolders();
});

describe('a checkpoint made while a writer is at work', () => {
  it('is whole: each file as it was at one moment, the conversation to a line end, and it can be proved', async () => {
    const { manager } = session;
    const into = newFolder();
    const scratch = newFolder();
    for (let round = 1; round <= 8; round += 1) {
      const manifest = await session.checkpoint();
      expect(await verifyCheckpoint(manager.repository, manager.shadow, manifest.id, scratch)).toMatchObject({ problem: null });
      const back = join(into, manifest.id);
      await manager.shadow.restoreInto(manifest.tree.root, back);
      for (const name of ['a', 'b', 'c']) {
        const lines = readFileSync(join(back, name), 'utf8').trimEnd().split('\n');
        expect([lines.length, new Set(lines).size]).toEqual([2_000, 1]);
      }
      expect(manifest.transcript?.malformedLines).toBe(0);
    }
    expect(session.failures).toEqual([]);
  });
});
