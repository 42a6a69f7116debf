import { openStore } from '../analytics/outcomes/open-store.js';
import type { Store } from '../analytics/outcomes/store.js';

/**
 * The store, opened when it is first asked for anything. One that cannot be opened fails that call alone, and the next one tries
 * again: a worker is up without it, and sessions never wait for it.
 */
export function lateStore(where: string): Store {
  let opening: Promise<Store> | null = null;
  const opened = (): Promise<Store> => {
    opening ??= openStore(where).catch((error: unknown) => {
      opening = null;
      throw error;
    });
    return opening;
  };
  const call =
    (method: keyof Store) =>
    async (...given: unknown[]): Promise<unknown> => {
      if (method === 'close' && !opening) return;
      const store = await opened();
      return (store[method] as (...given: unknown[]) => Promise<unknown>)(...given);
    };
  // Each of its methods is one call that answers later.
  return new Proxy({} as Store, { get: (_target, name) => call(name as keyof Store) });
}
