import { existsSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { noticeSchema } from '../../domain/notice.js';
import { writeDurably } from '../durable-file.js';
import { listFolder, readRecord, removeUnfinished } from '../record-file.js';

const deliverySchema = z.object({
  channel: z.string(),
  /** `failed`: it was tried for long enough. */
  state: z.enum(['owed', 'delivered', 'failed']),
  /** When that was, Unix ms; null while it is owed. */
  atMs: z.number().nullable(),
  /** Why not, one line; null where it was delivered or not tried yet. */
  problem: z.string().nullable(),
});
export type Delivery = z.infer<typeof deliverySchema>;

const recordSchema = z.object({
  notice: noticeSchema,
  deliveries: z.array(deliverySchema),
  /** Why nobody can be told, one line: the settings cannot be used; null where they can. */
  problem: z.string().nullable(),
});
/** A notice that a host has taken, and what became of it. */
export type NoticeRecord = z.infer<typeof recordSchema>;

/** The notices that a host has taken, one file each. What is there was taken, whatever the file says. */
export class NoticeRecords {
  private readonly folder: string;

  constructor(home: string) {
    this.folder = join(home, 'notices');
  }

  has(id: string): boolean {
    return existsSync(this.path(id));
  }

  /** Survives a power cut. */
  async write(record: NoticeRecord): Promise<void> {
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
    await writeDurably(this.path(record.notice.id), JSON.stringify(record));
  }

  /** Takes away what a worker has left that was killed in the midst of a write. Nobody may be writing. */
  removeUnfinished(): void {
    removeUnfinished(this.folder);
  }

  /** All that can be read, oldest first. */
  all(): NoticeRecord[] {
    return this.files()
      .flatMap((file) => readRecord(join(this.folder, file), recordSchema) ?? [])
      .sort((a, b) => a.notice.atMs - b.notice.atMs);
  }

  /** Removes what was last written before this, Unix ms. */
  removeBefore(atMs: number): void {
    for (const file of this.files()) {
      const path = join(this.folder, file);
      const stat = statSync(path, { throwIfNoEntry: false });
      if (stat && stat.mtimeMs < atMs) rmSync(path, { force: true });
    }
  }

  private files(): string[] {
    return listFolder(this.folder).filter((file) => file.endsWith('.json'));
  }

  private path(id: string): string {
    return join(this.folder, `${noticeSchema.shape.id.parse(id)}.json`);
  }
}
