import { randomUUID } from 'node:crypto';
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { CheckpointManifest } from '../../../domain/checkpoint.js';
import { neverBegan } from '../../../domain/attempt.js';
import { sessionSpecSchema, type SessionSpec, type SessionState } from '../../../domain/session.js';
import { emptySignals } from '../../../domain/signals.js';
import { CheckpointManager } from '../../../host/checkpoints/checkpoint-manager.js';
import { isClaudeMessage } from '../../../host/agents/claude-transcript.js';
import { SessionFolder } from '../../../host/session-folder.js';
import type { AttemptRecord } from '../../../host/session-records.js';
import { ensureShimHome } from '../../../host/shim-home.js';

/** A session of Claude Code on disk, as its host worker would have left it, with real checkpoints of a real folder. */
export class KeptSession {
  readonly base = mkdtempSync(join(tmpdir(), 'shim-restore-'));
  readonly home = join(this.base, 'home');
  readonly tree = join(this.base, 'project');
  readonly conversationId = randomUUID();
  readonly transcript = join(this.base, 'claude', 'projects', 'somewhere', `${this.conversationId}.jsonl`);
  readonly spec: SessionSpec;
  readonly folder: SessionFolder;
  readonly manager: CheckpointManager;

  constructor(readonly name = 'kept') {
    ensureShimHome(this.home);
    mkdirSync(this.tree);
    mkdirSync(dirname(this.transcript), { recursive: true });
    const sessionId = randomUUID();
    this.spec = sessionSpecSchema.parse({ sessionId, name, agent: 'claude-code', argv: ['-p', 'go'], cwd: this.tree, policy: {}, limits: {}, parameters: {}, createdAt: new Date().toISOString() });
    this.folder = new SessionFolder(this.home, name);
    this.folder.create(this.spec);
    this.manager = this.newManager();
    this.folder.attempt(1).create(this.attemptRecord(1));
    this.folder.attempt(1).writeReport({ ...neverBegan({ sessionId, name, epoch: 1, attemptId: 'attempt-1' }, 'host', 'paused', Date.now()), exitClass: 'stopped' });
    this.rests('paused');
  }

  newManager(): CheckpointManager {
    return new CheckpointManager(this.folder.checkpointsPath, this.tree, 10);
  }

  rests(state: SessionState, epoch = 1): void {
    this.folder.writeState({ state, reason: 'by a test', atMs: Date.now(), epoch });
  }

  attemptRecord(epoch: number): AttemptRecord {
    const { sessionId, parameters, argv } = this.spec;
    return { sessionId, attemptId: `attempt-${epoch}`, epoch, hostId: 'host', bootId: 'another boot', treeId: `tree-${epoch}`, sinceTicks: 1, startedAtMs: Date.now(), parameters, strategy: 'fresh', conversationId: this.conversationId, messagesAtStart: 0, argv };
  }

  write(path: string, content: string | Buffer = `content of ${path}\n`): void {
    const absolute = join(this.tree, path);
    mkdirSync(dirname(absolute), { recursive: true });
    writeFileSync(absolute, content);
  }

  say(...texts: string[]): void {
    appendFileSync(this.transcript, texts.map((text) => `${JSON.stringify({ type: 'assistant', text })}\n`).join(''));
  }

  async checkpoint(manager = this.manager): Promise<CheckpointManifest> {
    const failures: Error[] = [];
    const keep = (error: Error) => failures.push(error);
    manager.on('checkpoint_failed', keep);
    const { sessionId, name, argv } = this.spec;
    const manifest = await manager.create('milestone', {
      sessionId,
      sessionName: name,
      epoch: 1,
      attemptId: 'attempt-1',
      signals: emptySignals(1_000),
      transcriptPath: this.transcript,
      isMessage: isClaudeMessage,
      launch: { agent: 'claude-code', argv, cwd: this.tree, environmentNames: [], conversationId: this.conversationId, agentVersion: null },
    });
    manager.off('checkpoint_failed', keep);
    if (!manifest) throw failures[0] ?? new Error('none was made, and nobody said why');
    return manifest;
  }

  remove(): void {
    rmSync(this.base, { recursive: true, force: true });
  }
}
