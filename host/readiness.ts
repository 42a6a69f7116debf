import { readFileSync, watch, type FSWatcher } from 'node:fs';
import { join } from 'node:path';

/** A silent program counts as running once it has lived this long, ms. */
const aliveMeansRunningMs = 1_000;

/** Waits for a program that need not say anything: it runs once its notify file says READY=1, or it has lived for a while. */
export class Readiness {
  private timer: NodeJS.Timeout | null = null;
  private watcher: FSWatcher | null = null;

  /** @param folder the attempt's, where the file `notify` may come. */
  constructor(
    private readonly folder: string,
    private readonly onReady: () => void,
  ) {}

  await(): void {
    this.timer = setTimeout(this.onReady, aliveMeansRunningMs);
    this.watcher = watch(this.folder, (_event, file) => {
      if (file === 'notify' && isReady(join(this.folder, 'notify'))) this.onReady();
    });
    this.watcher.on('error', () => undefined);
  }

  stop(): void {
    if (this.timer) clearTimeout(this.timer);
    this.watcher?.close();
  }
}

function isReady(path: string): boolean {
  try {
    return /^READY=1$/m.test(readFileSync(path, 'utf8'));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false;
    throw error;
  }
}
