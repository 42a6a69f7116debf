import { z } from 'zod';

type ModulesOfFolder = { keys(): string[]; resolve(name: string): string | null } & ((name: string) => object);

declare global {
  interface ImportMeta {
    /** webpack's own: the modules of a folder, not of those in it. With `weak` it adds none to the bundle: what is not in it resolves to null. */
    webpackContext(folder: string, options: { regExp: RegExp; mode: 'weak' }): ModulesOfFolder;
  }
}

/**
 * What all workflows of a worker share, read once for all of them: domain/, with the libraries that it stands on. It is pure, so that
 * none can tell. For each workflow anew, as the rest of the bundle is, it takes 16 ms and 1.2 MB.
 *
 * The worker freezes what is shared, and zod's schemas keep in themselves what they are first asked for: that is the same for
 * whoever asks, so that they are left out. A namespace that is frozen already is not looked into.
 */
share(import.meta.webpackContext('../domain', { regExp: /\.[jt]s$/, mode: 'weak' }));
share(import.meta.webpackContext('../domain/experiments', { regExp: /\.[jt]s$/, mode: 'weak' }));
share(import.meta.webpackContext('../domain/statistics', { regExp: /\.[jt]s$/, mode: 'weak' }));
// The patterns of its formats are set back before they are used.
Object.freeze(z.core.regexes);

function share(modules: ModulesOfFolder): void {
  for (const name of modules.keys()) if (modules.resolve(name) !== null) freeze(modules(name));
}

function freeze(value: unknown): void {
  if (typeof value !== 'object' || value === null || value instanceof z.ZodType || Object.isFrozen(value)) return;
  Object.freeze(value);
  for (const part of Object.values(value)) freeze(part);
}
