import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeDurably } from '../durable-file.js';

/** What is not worth keeping even where the project does not ignore it. In the syntax of .gitignore. */
const excluded = 'node_modules/\n';

/** Content is kept byte by byte, whatever the project's own attributes say. */
const attributes = '* -text -filter -ident -working-tree-encoding -diff -merge\n';

/**
 * Objects are synced before a name is given out, in batches: one flush of the disk for many objects. The index is not: it
 * can be made anew. Names of files that git refuses for the sake of other systems are content like any other here.
 */
const configuration = `[core]
\trepositoryformatversion = 0
\tfilemode = true
\tbare = false
\tautocrlf = false
\tfsync = objects
\tfsyncMethod = batch
\tpreloadIndex = true
\tuntrackedCache = false
\tfsmonitor = false
\tprotectNTFS = false
\tprotectHFS = false
\thooksPath = /dev/null
[gc]
\tauto = 0
[maintenance]
\tauto = false
`;

const folders = ['objects/info', 'objects/pack', 'info', 'refs/heads', 'refs/checkpoints'];

/** Makes the repository where it is not there yet, and takes away the lock that a killed git left. Nobody else writes to it. */
export async function prepareRepository(gitDir: string): Promise<void> {
  await rm(join(gitDir, 'index.lock'), { force: true });
  // HEAD is written last: with it the repository is whole.
  if (existsSync(join(gitDir, 'HEAD'))) return;
  for (const folder of folders) await mkdir(join(gitDir, folder), { recursive: true, mode: 0o700 });
  const mode = 0o600;
  await writeFile(join(gitDir, 'config'), configuration, { mode });
  await writeFile(join(gitDir, 'info', 'exclude'), excluded, { mode });
  await writeFile(join(gitDir, 'info', 'attributes'), attributes, { mode });
  await writeDurably(join(gitDir, 'HEAD'), 'ref: refs/heads/shim\n');
}
