import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { previousOf } from '../../host/attempt-start.js';
import { SessionFolder } from '../../host/session-folder.js';
import { fixtureAttempt, fixtureReport, fixtureSpec } from '../client/fixture-session.js';

let home: string;
let folder: SessionFolder;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'shim-previous-'));
  folder = new SessionFolder(home, 'fix');
  folder.create(fixtureSpec());
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const pending = [{ callId: 'c1', tool: 'Bash', summary: 'npm publish', startedAtMs: 1 }];

function ended(epoch: number, strategy: Parameters<typeof fixtureAttempt>[1], change: Parameters<typeof fixtureReport>[1]): void {
  folder.attempt(epoch).create(fixtureAttempt(epoch, strategy));
  folder.attempt(epoch).writeReport(fixtureReport(epoch, change));
}

describe('the attempt before', () => {
  it('is the latest that has ended', () => {
    ended(1, 'fresh', { exitClass: 'killed', pending });
    ended(2, 'native', { exitClass: 'killed' });
    expect(previousOf(folder)).toMatchObject({ report: { epoch: 2 }, untold: [] });
  });

  it('that only shortened the conversation leaves what was in flight before it to be told, however often it was tried', () => {
    ended(1, 'native', { exitClass: 'killed' });
    ended(2, 'native', { exitClass: 'context_full', pending });
    ended(3, 'compact', { exitClass: 'killed' });
    ended(4, 'compact', { exitClass: 'compacted' });
    expect(previousOf(folder)).toMatchObject({ report: { epoch: 4 }, untold: [{ epoch: 2, pending }, { epoch: 3 }] });
  });

  it('that was killed before it saw to what it was told of leaves that to be told again', () => {
    ended(1, 'fresh', { exitClass: 'killed', pending, toolCalls: 4 });
    ended(2, 'native', { exitClass: 'killed', toolCalls: 0 });
    ended(3, 'native', { exitClass: 'killed', toolCalls: 0 });
    expect(previousOf(folder)).toMatchObject({ report: { epoch: 3 }, untold: [{ epoch: 1, pending }, { epoch: 2 }] });
  });

  it('that has ended as many operations as were open leaves only its own', () => {
    ended(1, 'fresh', { exitClass: 'killed', pending: [...pending, ...pending], toolCalls: 4 });
    ended(2, 'native', { exitClass: 'killed', pending, toolCalls: 2 });
    expect(previousOf(folder)).toMatchObject({ report: { epoch: 2 }, untold: [{ epoch: 1 }] });
    ended(2, 'native', { exitClass: 'killed', pending, toolCalls: 3 });
    expect(previousOf(folder)).toMatchObject({ report: { epoch: 2 }, untold: [] });
  });

  it('is none where none has ended', () => {
    folder.attempt(1).create(fixtureAttempt(1, 'fresh'));
    expect(previousOf(folder)).toBeNull();
  });
});
