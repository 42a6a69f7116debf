import { linkSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';

/**
 * What a file holds that is made once and then stays the same, readable by its owner alone. Of two who make it at the same
 * time one does, and both are answered with what it made.
 */
export function madeOnce(file: string, content: string | Uint8Array): Buffer {
  return readIfThere(file) ?? make(file, content);
}

function make(file: string, content: string | Uint8Array): Buffer {
  const temporary = `${file}.${process.pid}`;
  writeFileSync(temporary, content, { mode: 0o600 });
  try {
    linkSync(temporary, file);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  } finally {
    unlinkSync(temporary);
  }
  return readFileSync(file);
}

function readIfThere(file: string): Buffer | null {
  try {
    return readFileSync(file);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}
