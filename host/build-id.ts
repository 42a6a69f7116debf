import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

/** Which SHIM it is: its version, and a hash of its compiled code. */
export interface Build {
  /** Semantic version of the package. */
  version: string;
  /** `<version>+<hash>`; `unknown` in the place of the hash where it was never built. */
  id: string;
}

const packageSchema = z.object({ version: z.string().regex(/^\d+\.\d+\.\d+/) });

/** The build that this program belongs to. Who runs for long reads it at its start: its files may be replaced under it. */
export function installedBuild(): Build {
  const root = packageRoot();
  const { version } = packageSchema.parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')));
  const hashFile = join(root, 'dist', '.build-id');
  return { version, id: `${version}+${existsSync(hashFile) ? readFileSync(hashFile, 'utf8').trim().slice(0, 12) : 'unknown'}` };
}

/** The version in a build's id. */
export function versionOf(id: string): string {
  return id.replace(/\+.*/, '');
}

/** Whether a version comes after another, by its three numbers; what follows them (`-rc.1`) counts for nothing. */
export function isNewer(version: string, than: string): boolean {
  const [left, right] = [numbersOf(version), numbersOf(than)];
  const differs = left.findIndex((number, place) => number !== right[place]);
  return differs >= 0 && (left[differs] ?? 0) > (right[differs] ?? 0);
}

function numbersOf(version: string): number[] {
  return /^(\d+)\.(\d+)\.(\d+)/.exec(version)?.slice(1).map(Number) ?? [0, 0, 0];
}

/** Compiled or not, the nearest folder above with a package.json. */
function packageRoot(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json')) || folder === dirname(folder)) return folder;
  }
}
