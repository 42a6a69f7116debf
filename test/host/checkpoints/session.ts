import { execFileSync } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { appendFileSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { CheckpointManifest } from '../../../domain/checkpoint.js';
import { emptySignals, type Signals } from '../../../domain/signals.js';
import type { CheckpointError } from '../../../host/checkpoints/checkpoint-error.js';
import { CheckpointManager, type CheckpointContext } from '../../../host/checkpoints/checkpoint-manager.js';

const made: string[] = [];

/** A folder of the test's own. */
export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'shim-checkpoints-'));
  made.push(folder);
  return folder;
}

export function removeFolders(): void {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true });
}

/** A session with a work tree, a transcript and a checkpoint folder, all real. */
export class TestSession {
  readonly folder: string;
  readonly tree: string;
  readonly transcript: string;
  readonly manager: CheckpointManager;
  readonly created: CheckpointManifest[] = [];
  readonly failures: CheckpointError[] = [];
  signals: Signals = emptySignals(1_000);

  /** @param base where the checkpoints lie; by default beside the tree. */
  constructor(base = newFolder()) {
    const home = newFolder();
    this.folder = join(base, 'checkpoints');
    this.tree = join(home, 'tree');
    this.transcript = join(home, 'transcript.jsonl');
    mkdirSync(this.tree);
    this.manager = this.newManager();
  }

  /** A manager of the same folder, as after a restart of the worker. */
  newManager(): CheckpointManager {
    const manager = new CheckpointManager(this.folder, this.tree, 10);
    manager.on('checkpoint_created', (_durationMs, manifest) => this.created.push(manifest));
    manager.on('checkpoint_failed', (error) => this.failures.push(error));
    return manager;
  }

  write(path: string, content: string | Buffer = `content of ${path}\n`): void {
    const absolute = join(this.tree, path);
    mkdirSync(dirname(absolute), { recursive: true });
    writeFileSync(absolute, content);
  }

  say(...texts: string[]): void {
    appendFileSync(this.transcript, texts.map((text) => `${JSON.stringify({ type: 'assistant', text })}\n`).join(''));
  }

  context(): CheckpointContext {
    return {
      sessionId: randomUUID(),
      sessionName: 'test',
      epoch: 1,
      attemptId: 'attempt-1',
      signals: this.signals,
      transcriptPath: this.transcript,
      isMessage: (entry) => entry['type'] === 'assistant',
      launch: { agent: 'command', argv: ['true'], cwd: this.tree, environmentNames: [], conversationId: null, agentVersion: null },
    };
  }

  /** Makes a checkpoint. @throws what made it fail. */
  async checkpoint(manager = this.manager): Promise<CheckpointManifest> {
    const manifest = await manager.create('milestone', this.context());
    if (manifest === null) throw this.failures.at(-1) ?? new Error('none was made, and nobody said why');
    return manifest;
  }

  /** The files of a checkpoint's tree, sorted. */
  async files({ tree }: CheckpointManifest): Promise<string[]> {
    return (await this.manager.shadow.listFiles(tree.root)).toSorted();
  }

  manifestPath({ id }: Pick<CheckpointManifest, 'id'>): string {
    return join(this.folder, id, 'manifest.json');
  }

  objectPath(name: string): string {
    return join(this.folder, 'git', 'objects', name.slice(0, 2), name.slice(2));
  }
}

/** Runs the user's own git. */
export function userGit(cwd: string, ...args: string[]): string {
  const env = { PATH: process.env['PATH'], HOME: cwd, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' };
  return execFileSync('git', ['-c', 'user.name=u', '-c', 'user.email=u@example.org', ...args], { cwd, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
}

/** All that can be seen of a folder: every name, kind, mode, time and content. */
export function photograph(folder: string): Map<string, string> {
  const seen = new Map<string, string>();
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const { mode, mtimeNs, size } = lstatSync(path, { bigint: true });
    const content = entry.isFile() ? createHash('sha256').update(readFileSync(path)).digest('hex') : entry.isSymbolicLink() ? readlinkSync(path) : '';
    seen.set(path, `${mode} ${mtimeNs} ${size} ${content}`);
  }
  return seen;
}

/** Turns one bit of a file over. */
export function flipBit(path: string, at = Math.floor(lstatSync(path).size / 2)): void {
  const content = readFileSync(path);
  content[at] = (content[at] ?? 0) ^ 1;
  rmSync(path);
  writeFileSync(path, content);
}
