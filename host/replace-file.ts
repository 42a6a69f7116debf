import { renameSync, rmSync, writeFileSync } from 'node:fs';

/** Replaces a file in one step, mode 0600. It outlives a killed worker; what must outlive a power cut is written durably instead. @param temporary where it is written first; not left behind where that fails. */
export function replaceFile(path: string, temporary: string, text: string): void {
  try {
    writeFileSync(temporary, text, { mode: 0o600 });
    renameSync(temporary, path);
  } catch (error) {
    // A disk that is full gets no fuller by what was begun.
    rmSync(temporary, { force: true });
    throw error;
  }
}
