import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { listCheckpoints, newestCheckpoint } from '../../client/checkpoint-list.js';
import { checkpointManifestSchema, type CheckpointManifest } from '../../domain/checkpoint.js';
import { SessionFolder } from '../../host/session-folder.js';
import { sessionId } from './fixture-session.js';

let home: string;
let folder: SessionFolder;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'shim-checkpoints-'));
  folder = new SessionFolder(home, 'fix');
});
afterEach(() => {
  rmSync(home, { recursive: true });
});

/** Writes a manifest as the host does: a line of JSON, and the line of its hash. */
function writeManifest(id: string, alter = (text: string) => text): CheckpointManifest {
  const manifest = checkpointManifestSchema.parse({
    formatVersion: 1,
    id,
    sessionId,
    sessionName: 'fix',
    epoch: 1,
    attemptId: 'attempt-1',
    trigger: 'milestone',
    createdAt: '2026-01-02T03:04:05.000Z',
    tree: { root: 'a'.repeat(40), files: 3, skipped: [], skippedTotal: 0, userHead: null, userIndex: null },
    transcript: null,
    pending: [],
    signals: {},
    launch: { agent: 'command', argv: [], cwd: '/tmp', environmentNames: [], conversationId: null, agentVersion: null },
    durationMs: 12,
  });
  const json = JSON.stringify(manifest);
  mkdirSync(join(folder.checkpointsPath, id), { recursive: true });
  writeFileSync(join(folder.checkpointsPath, id, 'manifest.json'), alter(`${json}\n${createHash('sha256').update(json).digest('hex')}\n`));
  return manifest;
}

it('lists no checkpoints where there are none', () => {
  expect(listCheckpoints(folder)).toEqual([]);
  expect(newestCheckpoint(folder)).toBeNull();
});

it('lists checkpoints by number, and passes over what is torn or altered', () => {
  const ninth = writeManifest('ck-9999');
  const tenth = writeManifest('ck-10000');
  writeManifest('ck-10001', (text) => text.slice(0, 100));
  writeManifest('ck-10002', (text) => text.replace('milestone', 'danger_zone'));
  mkdirSync(join(folder.checkpointsPath, 'ck-10003'));
  mkdirSync(join(folder.checkpointsPath, 'git'));
  expect(listCheckpoints(folder)).toEqual([
    { id: 'ck-9999', manifest: ninth, bad: null },
    { id: 'ck-10000', manifest: tenth, bad: null },
    { id: 'ck-10001', manifest: null, bad: null },
    { id: 'ck-10002', manifest: null, bad: null },
    { id: 'ck-10003', manifest: null, bad: null },
  ]);
  expect(newestCheckpoint(folder)).toEqual(tenth);
});
