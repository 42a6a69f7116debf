import { createHash, randomUUID } from 'node:crypto';
import { existsSync, lstatSync, mkdirSync, readFileSync } from 'node:fs';
import { open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { inflate } from 'node:zlib';
import type { CheckpointManifest } from '../../domain/checkpoint.js';
import { Git } from './git.js';

const unzip = promisify(inflate);

/** A larger file is left out of the tree, bytes. */
const largestFile = 5 * 1_048_576;
const skippedShown = 100;

/** Files that hold secrets by their names, and what is not worth keeping. In the syntax of .gitignore. */
const excluded = ['.env', '.env.*', '!.env.example', '*.pem', '*.key', '*.p12', 'id_rsa*', 'id_ed25519*', '.netrc', '.npmrc', '.pypirc', 'credentials', 'credentials.json', '.aws/', '.ssh/', '.gnupg/', 'node_modules/'];

/** Content is kept byte by byte, whatever the project's own attributes say. */
const attributes = '* -text -filter -ident -working-tree-encoding -diff -merge\n';

const configuration = `[core]
\trepositoryformatversion = 0
\tfilemode = true
\tbare = false
\tautocrlf = false
\tfsync = objects
\tfsyncMethod = batch
\tpreloadIndex = true
\tuntrackedCache = false
\thooksPath = /dev/null
[gc]
\tauto = 0
[maintenance]
\tauto = false
`;

export type TreeState = CheckpointManifest['tree'];

/**
 * A git repository of SHIM's own that records a working tree, untracked files too. The user's .git, index and files are
 * read and never written.
 */
export class ShadowRepository {
  private readonly git: Git;
  private last: TreeState | null = null;
  private userIndexSeen: { mtimeMs: number; size: number; blob: string } | null = null;

  constructor(
    private readonly gitDir: string,
    private readonly workTree: string,
  ) {
    this.git = new Git(gitDir, workTree);
  }

  /** Records the tree as it is. Objects are on disk when it returns. @throws GitError */
  async record(): Promise<TreeState> {
    await this.initialise();
    const [listed, userIndex] = await Promise.all([this.git.run(['ls-files', '-z', '--modified', '--others', '--deleted', '--exclude-standard']), this.recordUserIndex()]);
    const { wanted, skipped } = this.sort([...new Set(listed.split('\0').filter(Boolean))]);
    const userHead = readUserHead(this.workTree);
    if (wanted.length === 0 && this.last) return (this.last = { ...this.last, userHead, userIndex });
    if (wanted.length > 0) await this.git.run(['update-index', '-z', '--add', '--remove', '--stdin'], { input: `${wanted.join('\0')}\0` });
    const root = (await this.git.run(['write-tree'])).trim();
    this.last = { root, files: await this.countFiles(), skipped: skipped.slice(0, skippedShown), skippedTotal: skipped.length, userHead, userIndex };
    return this.last;
  }

  /** Keeps a tree from being pruned. */
  async protect(id: string, root: string): Promise<void> {
    await writeFile(join(this.gitDir, 'refs', 'checkpoints', id), `${root}\n`, { mode: 0o600 });
  }

  /** Lets go of checkpoints' trees and deletes what no other one needs. @throws GitError */
  async release(ids: readonly string[]): Promise<void> {
    for (const id of ids) await rm(join(this.gitDir, 'refs', 'checkpoints', id), { force: true });
    await this.git.run(['prune', '--expire=now']);
  }

  /** Whether a root tree is there and whole: one small file is read and hashed. */
  async hasRoot(root: string): Promise<boolean> {
    let packed: Buffer;
    try {
      packed = await readFile(join(this.gitDir, 'objects', root.slice(0, 2), root.slice(2)));
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false;
      throw error;
    }
    try {
      return createHash('sha1').update(await unzip(packed)).digest('hex') === root;
    } catch {
      // What cannot be inflated was altered; that is the answer, not a fault.
      return false;
    }
  }

  /** Reads every object of a tree. @throws GitError naming the first that is missing or altered. */
  async verify(root: string): Promise<void> {
    await this.git.run(['fsck', '--no-dangling', '--no-progress', root]);
  }

  /** How many of a tree's files are in the work tree, changed or not. @throws GitError */
  async compare(root: string): Promise<{ files: number; present: number; missing: string[] }> {
    const paths = (await this.git.run(['ls-tree', '-r', '-z', '--name-only', root])).split('\0').filter(Boolean);
    const missing = paths.filter((path) => lstatSync(join(this.workTree, path), { throwIfNoEntry: false }) === undefined);
    return { files: paths.length, present: paths.length - missing.length, missing: missing.slice(0, skippedShown) };
  }

  /** Writes a tree into a folder that is missing or empty. @throws Error if it holds anything; GitError */
  async restoreInto(root: string, folder: string): Promise<void> {
    mkdirSync(folder, { recursive: true });
    if ((await readdir(folder)).length > 0) throw new Error(`${folder} is not empty: a checkpoint is never written over files`);
    const index = join(this.gitDir, `restore-${randomUUID()}.index`);
    try {
      await this.git.run(['read-tree', root], { index });
      await this.git.run(['checkout-index', '--all', `--prefix=${folder}/`], { index });
    } finally {
      await rm(index, { force: true });
    }
  }

  private async initialise(): Promise<void> {
    if (existsSync(join(this.gitDir, 'refs', 'checkpoints'))) return;
    for (const folder of ['objects/info', 'objects/pack', 'info', 'refs/heads', 'refs/checkpoints']) mkdirSync(join(this.gitDir, folder), { recursive: true, mode: 0o700 });
    await writeFile(join(this.gitDir, 'HEAD'), 'ref: refs/heads/shim\n');
    await writeFile(join(this.gitDir, 'config'), configuration);
    await writeFile(join(this.gitDir, 'info', 'exclude'), `${excluded.join('\n')}\n`);
    await writeFile(join(this.gitDir, 'info', 'attributes'), attributes);
  }

  private sort(paths: readonly string[]): { wanted: string[]; skipped: TreeState['skipped'] } {
    const wanted: string[] = [];
    const skipped: TreeState['skipped'] = [];
    for (const path of paths) {
      const reason = this.reasonToSkip(path);
      if (reason === null) wanted.push(path);
      else skipped.push({ path, reason });
    }
    return { wanted, skipped };
  }

  private reasonToSkip(path: string): string | null {
    if (path.endsWith('/')) return 'a repository of its own';
    const stat = lstatSync(join(this.workTree, path), { throwIfNoEntry: false });
    // Deleted: update-index takes it out.
    if (!stat) return null;
    if (!stat.isFile() && !stat.isSymbolicLink()) return 'not a regular file';
    return stat.size > largestFile ? `larger than ${largestFile} bytes (${stat.size})` : null;
  }

  /** The index says in its header how many entries it has. */
  private async countFiles(): Promise<number> {
    const index = await open(join(this.gitDir, 'index'), 'r');
    try {
      const { buffer } = await index.read(Buffer.alloc(12), 0, 12, 0);
      return buffer.readUInt32BE(8);
    } finally {
      await index.close();
    }
  }

  private async recordUserIndex(): Promise<string | null> {
    const path = join(this.workTree, '.git', 'index');
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (!stat) return null;
    const seen = this.userIndexSeen;
    if (seen && seen.mtimeMs === stat.mtimeMs && seen.size === stat.size) return seen.blob;
    const blob = (await this.git.run(['hash-object', '-w', '--no-filters', path])).trim();
    this.userIndexSeen = { mtimeMs: stat.mtimeMs, size: stat.size, blob };
    return blob;
  }
}

/** The commit that the user's own HEAD names; null where the tree is no repository, or has no commit. */
function readUserHead(workTree: string): string | null {
  const gitDir = join(workTree, '.git');
  try {
    const head = readFileSync(join(gitDir, 'HEAD'), 'utf8').trim();
    if (!head.startsWith('ref: ')) return head;
    const ref = head.slice(5);
    if (existsSync(join(gitDir, ref))) return readFileSync(join(gitDir, ref), 'utf8').trim();
    const packed = readFileSync(join(gitDir, 'packed-refs'), 'utf8');
    return packed.split('\n').find((line) => line.endsWith(` ${ref}`))?.slice(0, 40) ?? null;
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return null;
    throw error;
  }
}
