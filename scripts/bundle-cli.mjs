// Bundles the CLI, with the packages that most commands read, into few files: to find and read four hundred was a quarter
// of the work of `shim status`.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

/** With all that they import. The others are read by few commands, as they are: some have native parts, or files beside them. */
const bundled = ['@temporalio/client', '@temporalio/common', '@temporalio/envconfig', '@temporalio/proto', '@temporalio/workflow', 'commander', 'picocolors', 'string-width', 'wrap-ansi', 'zod'];

/**
 * Makes `cli/main.js` of the compiled `client/cli/main.js`. Where Node is older than the bundler wants, it leads to the modules.
 *
 * @param building the folder with what was compiled.
 */
export async function bundleCli(building) {
  const out = join(building, 'cli');
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major === 20 && minor < 19) {
    mkdirSync(out);
    writeFileSync(join(out, 'main.js'), "export { main } from '../client/cli/main.js';\n");
    return;
  }
  const isOurs = (file) => file === undefined || file.startsWith(building + sep);
  const isPackage = (id) => !id.startsWith('.') && !id.startsWith('/');
  const { rolldown } = await import('rolldown');
  const bundle = await rolldown({
    input: join(building, 'client', 'cli', 'main.js'),
    cwd: building,
    platform: 'node',
    external: (id, importer) => isPackage(id) && isOurs(importer) && !bundled.some((name) => id === name || id.startsWith(`${name}/`)),
    plugins: [
      {
        name: 'paths-as-before',
        // What a module finds from its own place it finds from the bundle's too.
        transform: (code, id) => (isOurs(id) && code.includes('import.meta.url') ? code.replaceAll('import.meta.url', `new URL('${relative(out, id)}', import.meta.url).href`) : null),
      },
    ],
  });
  await bundle.write({ dir: out, format: 'esm' });
  await bundle.close();
}
