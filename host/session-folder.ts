import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { sessionNameSchema, sessionSpecSchema, type SessionSpec } from '../domain/session.js';
import { AttemptFolder } from './attempt-folder.js';
import { writeDurably } from './durable-file.js';
import { listFolder, readRecord, removeUnfinished, writeRecord } from './record-file.js';
import { stateRecordSchema, tombstoneSchema, type StateRecord } from './session-records.js';

/** Names the folders of $SHIM_HOME. */
function sessionsRoot(home: string): string {
  return join(home, 'sessions');
}

/** Where the folder of a closed session goes whose name was taken by a new one. */
export function archiveRoot(home: string): string {
  return join(home, 'archive');
}

/** Where the values of a session's environment lie, 0600; the session itself only has their names. */
export function environmentFile(home: string, sessionId: string): string {
  return join(home, 'env', `${z.uuid().parse(sessionId)}.json`);
}

/** All sessions with a folder on this host, by name. */
export function listSessionFolders(home: string): SessionFolder[] {
  return listFolder(sessionsRoot(home)).filter((name) => sessionNameSchema.safeParse(name).success).map((name) => new SessionFolder(home, name));
}

/** One session's records on disk. A record that is missing or torn reads as null: the next one up is used. */
export class SessionFolder {
  readonly path: string;

  /** @throws ZodError if the name is not a session name. */
  constructor(
    home: string,
    readonly name: string,
  ) {
    this.path = join(sessionsRoot(home), sessionNameSchema.parse(name));
  }

  get checkpointsPath(): string {
    return join(this.path, 'checkpoints');
  }
  get logPath(): string {
    return join(this.path, 'log');
  }

  /** Where a queued prompt lies, for the agent too. */
  promptPath(id: number): string {
    return join(this.checkpointsPath, 'agent', `prompt-${String(id).padStart(4, '0')}.txt`);
  }

  create(spec: SessionSpec): void {
    mkdirSync(join(this.path, 'attempts'), { recursive: true, mode: 0o700 });
    mkdirSync(this.logPath, { recursive: true, mode: 0o700 });
    writeRecord(join(this.path, 'spec.json'), spec);
  }

  /** Takes away what a worker that was killed in the midst of a write has left. The worker that has the host's lock is the only one that writes. */
  removeAbandoned(): void {
    const latest = this.epochs().slice(-2).map((epoch) => this.attempt(epoch));
    for (const attempt of latest) attempt.removeUnbegun();
    for (const folder of [this.path, ...latest.map(({ path }) => path)]) removeUnfinished(folder);
  }

  spec(): SessionSpec | null {
    return readRecord(join(this.path, 'spec.json'), sessionSpecSchema);
  }

  tombstone(): z.infer<typeof tombstoneSchema> | null {
    return readRecord(join(this.path, 'tombstone.json'), tombstoneSchema);
  }
  /** Survives a power cut: what was stopped does not return. */
  async writeTombstone(sessionId: string, reason: string): Promise<void> {
    mkdirSync(this.path, { recursive: true, mode: 0o700 });
    await writeDurably(join(this.path, 'tombstone.json'), JSON.stringify({ sessionId, atMs: Date.now(), reason }));
  }

  state(): StateRecord | null {
    return readRecord(join(this.path, 'state.json'), stateRecordSchema);
  }
  writeState(state: StateRecord): void {
    writeRecord(join(this.path, 'state.json'), state);
  }

  /** Epochs with a folder, ascending. */
  epochs(): number[] {
    return listFolder(join(this.path, 'attempts'))
      .filter((entry) => /^\d{6,}$/.test(entry))
      .map(Number)
      .sort((a, b) => a - b);
  }

  attempt(epoch: number): AttemptFolder {
    return new AttemptFolder(join(this.path, 'attempts', String(epoch).padStart(6, '0')), epoch);
  }

  attempts(): AttemptFolder[] {
    return this.epochs().map((epoch) => this.attempt(epoch));
  }
}
