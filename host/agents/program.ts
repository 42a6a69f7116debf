import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, isAbsolute, join, resolve } from 'node:path';
import { HostError, hostErrorCodes } from '../../domain/host-requests.js';

/**
 * Where a program is, by the agent's own PATH, not SHIM's. @throws HostError Misconfigured where it cannot be found or
 * run.
 */
export function findProgram(name: string, cwd: string, environment: Readonly<Record<string, string>>, remedy: string): string {
  const candidates =
    name.includes('/') ? [isAbsolute(name) ? name : resolve(cwd, name)] : (environment['PATH'] ?? '').split(delimiter).filter(Boolean).map((folder) => join(folder, name));
  const found = candidates.find(isExecutable);
  if (found === undefined) throw misconfigured(`cannot find the program ${JSON.stringify(name)}${name.includes('/') ? '' : ' on PATH'}; ${remedy}`);
  return found;
}

export function misconfigured(message: string): HostError {
  return new HostError(hostErrorCodes.misconfigured, message);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch (error) {
    if (error instanceof Error && 'code' in error) return false;
    throw error;
  }
}
