import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { projectRoot } from '../../support/project-root.js';

/** A process of its own that uses a store. */
export interface StoreProcess {
  /** Its next line of output; null after the last. */
  line: () => Promise<string | null>;
  /** Ends its input. */
  release: () => void;
  kill: () => void;
  ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

/** @param task as test/support/store-program.ts has them. */
export function startStoreProgram(where: string, task: 'tell' | 'tell-on' | 'mature' | 'hold', ...more: string[]): StoreProcess {
  const child = spawn(process.execPath, [`${projectRoot()}dist/test/support/store-program.js`, where, task, ...more], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    line: async () => {
      const next = await lines.next();
      return next.done === true ? null : next.value;
    },
    release: () => child.stdin.end(),
    kill: () => child.kill('SIGKILL'),
    ended: once(child, 'exit').then(() => ({ code: child.exitCode, signal: child.signalCode })),
  };
}
