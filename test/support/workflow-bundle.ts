import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { projectRoot } from './project-root.js';

/** What a bundle is made of besides the packages, which the lock file stands for. */
const sources = ['workflows', 'domain', join('test', 'support', 'kaizen')];

/** The workflows as they are, or with a scripted one in the place of runExperiment. */
export type Bundle = 'workflows' | 'scripted_experiments';
const entries: Readonly<Record<Bundle, string[]>> = { workflows: ['workflows', 'index.ts'], scripted_experiments: ['test', 'support', 'kaizen', 'scripted-workflows.ts'] };

/**
 * The workflows of the present sources, bundled. Bundling takes a second: a bundle is kept by the hash of what it was made
 * of, so that all test files of a run share one.
 *
 * @returns the path of the bundle.
 */
export async function bundledWorkflows(bundle: Bundle = 'workflows'): Promise<string> {
  const root = projectRoot();
  const cache = join(root, 'node_modules', '.cache', 'shim-tests');
  const codePath = join(cache, `${bundle}-${hashOfSources(root)}.js`);
  if (existsSync(codePath)) return codePath;
  const { code } = await bundleWorkflowCode({
    workflowsPath: join(root, ...entries[bundle]),
    preloadModules: [join(root, 'workflows', 'shared-modules.ts')],
    logger: new DefaultLogger('WARN'),
    webpackConfigHook: (config) => ({ ...config, resolve: { ...config.resolve, extensionAlias: { '.js': ['.ts', '.js'] } } }),
  });
  mkdirSync(cache, { recursive: true });
  const unfinished = `${codePath}.${process.pid}`;
  writeFileSync(unfinished, code);
  renameSync(unfinished, codePath);
  return codePath;
}

function hashOfSources(root: string): string {
  const hash = createHash('sha256').update(readFileSync(join(root, 'package-lock.json')));
  for (const folder of sources) {
    const files = readdirSync(join(root, folder), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    for (const path of files.map((entry) => join(entry.parentPath ?? entry.path, entry.name)).toSorted()) hash.update(`${path}\0`).update(readFileSync(path));
  }
  return hash.digest('hex').slice(0, 16);
}
