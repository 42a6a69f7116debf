import { watch, type FSWatcher } from 'node:fs';

/** Watches a path; null where that cannot be (it is not there yet, or the kernel has no watches left): whoever asks polls as well. */
export function watchPath(path: string, onChange: () => void): FSWatcher | null {
  try {
    const watcher = watch(path, onChange);
    watcher.on('error', () => undefined);
    return watcher;
  } catch {
    return null;
  }
}
