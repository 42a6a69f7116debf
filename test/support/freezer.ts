import { accessSync, constants, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';

/** Where version 1 of the hierarchy is mounted that freezes: what is frozen in it dies of no signal before it is thawed. */
const root = '/sys/fs/cgroup/freezer';

/** Whether this machine lets a test freeze processes. */
export function canFreeze(): boolean {
  try {
    accessSync(join(root, 'tasks'), constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** Freezes a process. @returns what thaws it, and waits until nothing is left of the freezer; again changes nothing. */
export async function freeze(pid: number): Promise<() => Promise<void>> {
  const group = join(root, `shim-test-${process.pid}-${pid}`);
  const state = () => readFileSync(join(group, 'freezer.state'), 'utf8').trim();
  mkdirSync(group);
  writeFileSync(join(group, 'tasks'), String(pid));
  writeFileSync(join(group, 'freezer.state'), 'FROZEN');
  await expect.poll(state, { interval: 5 }).toBe('FROZEN');
  let isThawed = false;
  return async () => {
    if (isThawed) return;
    isThawed = true;
    writeFileSync(join(group, 'freezer.state'), 'THAWED');
    await expect.poll(() => readFileSync(join(group, 'tasks'), 'utf8'), { interval: 5 }).toBe('');
    rmdirSync(group);
  };
}
