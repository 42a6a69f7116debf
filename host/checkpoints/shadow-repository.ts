import { randomUUID } from 'node:crypto';
import { lstatSync } from 'node:fs';
import { mkdir, open, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CheckpointManifest } from '../../domain/checkpoint.js';
import { GitError, isDiskFull } from './checkpoint-error.js';
import { fileUse } from './disk-use.js';
import { Git } from './git.js';
import { missingOf, sortListed, textOf } from './listed-paths.js';
import { emptyTree, isObjectWhole, looseObjectUse, removeObject, writeEmptyTree } from './loose-object.js';
import { prepareRepository } from './shadow-configuration.js';
import { readUserRepository } from './user-repository.js';

const skippedShown = 100;

/** Longest path shown among what was left out, characters. */
const pathShown = 200;

export type TreeState = CheckpointManifest['tree'];

/** A file of a recorded tree. */
export interface TreeEntry {
  /** Relative; one character a byte. */
  path: string;
  kind: 'file' | 'executable' | 'link';
  /** Git's name of its content. */
  object: string;
}

/** What must outlive a pruning. */
export type KeptTree = Pick<CheckpointManifest, 'id'> & { tree: Pick<TreeState, 'root' | 'userIndex'> };

/**
 * A git repository of SHIM's own that records a working tree, untracked files too. The user's .git, index and files are
 * read and never written. Not for use by two callers at once.
 */
export class ShadowRepository {
  private readonly git: Git;
  private prepared = false;
  /** Of the index as it was then: another process may have written it since. */
  private last: { root: string; index: string | null } | null = null;
  private userIndexSeen: { mtimeMs: number; size: number; blob: string } | null = null;

  /** @param niceness of the git that it runs, 0-19. */
  constructor(
    private readonly gitDir: string,
    private readonly workTree: string,
    niceness = 0,
  ) {
    this.git = new Git(gitDir, workTree, niceness);
  }

  /**
   * Records the tree as it is: listing, changed files, trees, in up to two turns of git, and one where nothing changed.
   * Objects are on disk when it returns. @throws GitError
   */
  async record(): Promise<TreeState> {
    if (!this.prepared) await prepareRepository(this.gitDir);
    this.prepared = true;
    try {
      return await this.look();
    } catch (error) {
      if (!(error instanceof GitError) || isDiskFull(error)) throw error;
      // An index torn by a power cut would fail for good; it is made anew from the files.
      this.last = null;
      for (const file of ['index', 'index.lock']) await rm(join(this.gitDir, file), { force: true });
      return this.look();
    }
  }

  /** Keeps a checkpoint's tree, and the user's index at that time, from being pruned. */
  async protect({ id, tree }: KeptTree): Promise<void> {
    const refs = join(this.gitDir, 'refs', 'checkpoints');
    await writeFile(join(refs, id), `${tree.root}\n`, { mode: 0o600 });
    if (tree.userIndex !== null) await writeFile(join(refs, `${id}-index`), `${tree.userIndex}\n`, { mode: 0o600 });
  }

  /**
   * Deletes every object that no kept tree needs. The refs are written anew from what is kept: one that a power cut took
   * would take the objects with it.
   *
   * @throws GitError
   */
  async retain(kept: readonly KeptTree[]): Promise<void> {
    const refs = join(this.gitDir, 'refs', 'checkpoints');
    const names = new Set(kept.flatMap(({ id }) => [id, `${id}-index`]));
    for (const name of await readdir(refs)) if (!names.has(name)) await rm(join(refs, name));
    for (const checkpoint of kept) await this.protect(checkpoint);
    // What it names may be among the deleted.
    this.userIndexSeen = null;
    await this.git.run(['prune', '--expire=now'], { withoutTree: true });
  }

  /** What some trees take on disk, with the objects that no kept one needs, bytes. @throws GitError */
  async neededOnlyBy(unneeded: readonly KeptTree[], kept: readonly KeptTree[]): Promise<number> {
    if (unneeded.length === 0) return 0;
    const objects = (trees: readonly KeptTree[]) => trees.flatMap(({ tree }) => (tree.userIndex === null ? [tree.root] : [tree.root, tree.userIndex]));
    const args = [...objects(unneeded), ...objects(kept).map((object) => `^${object}`)];
    const listed = await this.git.run(['rev-list', '--objects', '--no-object-names', '--ignore-missing', '--stdin'], { withoutTree: true, input: `${args.join('\n')}\n` });
    let bytes = 0;
    for (const { id } of unneeded) for (const ref of [id, `${id}-index`]) bytes += await fileUse(join(this.gitDir, 'refs', 'checkpoints', ref));
    for (const object of listed.split('\n').filter(Boolean)) bytes += await looseObjectUse(this.gitDir, object);
    return bytes;
  }

  /** Whether a root tree is there and whole: one small file is read and hashed, no process is started. */
  async hasRoot(root: string): Promise<boolean> {
    return isObjectWhole(this.gitDir, root);
  }

  /** Reads and hashes every object of a tree. @returns what is wrong with the first bad one, or null. */
  async verify(root: string): Promise<string | null> {
    if (!(await this.hasRoot(root))) return 'its tree is missing or was altered';
    let listed: string;
    try {
      listed = await this.git.run(['ls-tree', '-r', '-t', '-z', root], { withoutTree: true });
    } catch (error) {
      if (error instanceof GitError) return `its tree cannot be read: ${error.message}`;
      throw error;
    }
    for (const entry of listed.split('\0').filter(Boolean)) {
      const [about = '', path = ''] = entry.split('\t');
      if (!(await isObjectWhole(this.gitDir, about.split(' ')[2] ?? ''))) return `${textOf(path)} is missing from its tree or was altered`;
    }
    return null;
  }

  /** The files of a tree. @throws GitError */
  async listFiles(root: string): Promise<string[]> {
    return (await this.pathsOf(root)).map(textOf);
  }

  /** The files of a tree with what they are. @throws GitError */
  async entries(root: string): Promise<TreeEntry[]> {
    const listed = await this.git.run(['ls-tree', '-r', '-z', root], { withoutTree: true });
    return listed.split('\0').filter(Boolean).map((entry) => {
      const [about = '', path = ''] = entry.split('\t');
      const [mode = '', , object = ''] = about.split(' ');
      return { path, kind: mode === '120000' ? 'link' : mode === '100755' ? 'executable' : 'file', object };
    });
  }

  /** Makes sure that git can work on it at all. @throws GitError */
  async check(): Promise<void> {
    await this.git.run(['rev-parse', '--git-dir'], { withoutTree: true });
  }

  /** A blob that was recorded, as the user's index. @returns one character a byte. @throws GitError */
  async readBlob(object: string): Promise<string> {
    return this.git.run(['cat-file', 'blob', object], { withoutTree: true });
  }

  /**
   * Takes the altered objects of a tree away, with the index that trusts them: git never writes an object anew that is there,
   * so that every later checkpoint of the same files would be as bad. @throws GitError
   */
  async dropAltered(root: string): Promise<void> {
    if (await this.hasRoot(root)) {
      for (const { object } of await this.entries(root).catch(() => [])) if (!(await isObjectWhole(this.gitDir, object))) await removeObject(this.gitDir, object);
    } else {
      await removeObject(this.gitDir, root);
    }
    await rm(join(this.gitDir, 'index'), { force: true });
  }

  /** How many of a tree's files are in the work tree, changed or not; at most 100 missing ones by name. @throws GitError */
  async compare(root: string): Promise<{ files: number; present: number; missing: string[] }> {
    const paths = await this.pathsOf(root);
    const missing = await missingOf(this.workTree, paths);
    return { files: paths.length, present: paths.length - missing.length, missing: missing.slice(0, skippedShown) };
  }

  /**
   * Writes a tree into a folder that is missing or empty, all of it or nothing.
   *
   * @param beside what may be there: the `.git` of a new work tree. @throws Error if it holds anything else; GitError
   */
  async restoreInto(root: string, folder: string, beside: readonly string[] = []): Promise<void> {
    await mkdir(folder, { recursive: true });
    const written = async () => (await readdir(folder)).filter((name) => !beside.includes(name));
    if ((await written()).length > 0) throw new Error(`${folder} is not empty: a checkpoint is never written over files`);
    const index = join(this.gitDir, `restore-${randomUUID()}.index`);
    try {
      await this.git.run(['read-tree', root], { index, workTree: folder });
      await this.git.run(['checkout-index', '--all', '--quiet'], { index, workTree: folder });
    } catch (error) {
      for (const name of await written()) await rm(join(folder, name), { recursive: true, force: true });
      throw error;
    } finally {
      await rm(index, { force: true });
    }
  }

  private async look(): Promise<TreeState> {
    const [listed, user] = await Promise.all([this.list(), this.readUser()]);
    const { wanted, dropped, skipped } = await sortListed(this.workTree, listed);
    // Leave out first: what takes a left-out file's place may need its name.
    if (dropped.length > 0) await this.git.run(['update-index', '-z', '--force-remove', '--stdin'], { input: `${dropped.join('\0')}\0` });
    const unchanged = wanted.length === 0 && dropped.length === 0;
    const root = (unchanged && this.last?.index === this.indexStamp() ? this.last.root : null) ?? (await this.writeTree(wanted));
    if (!(await this.hasRoot(root))) {
      await removeObject(this.gitDir, root);
      throw new GitError(`tree ${root} was altered on disk`);
    }
    this.last = { root, index: this.indexStamp() };
    const shown = skipped.slice(0, skippedShown).map(({ path, reason }) => ({ path: path.slice(0, pathShown), reason }));
    return { root, files: await this.countFiles(), skipped: shown, skippedTotal: skipped.length, ...user };
  }

  /** What git would have to take in or out. A folder with nothing in it, of which nothing was ever recorded, needs no git to be listed. */
  private async list(): Promise<string> {
    if (!this.hasIndex() && (await holdsNothing(this.workTree))) return '';
    return this.git.run(['ls-files', '-t', '-z', '--modified', '--others', '--deleted', '--exclude-standard']);
  }

  private async writeTree(wanted: readonly string[]): Promise<string> {
    if (wanted.length === 0 && !this.hasIndex()) return writeEmptyTree(this.gitDir);
    return this.git.updateAndWriteTree(wanted.map((path) => `${path}\0`).join(''));
  }

  private hasIndex(): boolean {
    return lstatSync(join(this.gitDir, 'index'), { throwIfNoEntry: false }) !== undefined;
  }

  private async pathsOf(root: string): Promise<string[]> {
    if (root === emptyTree) return [];
    return (await this.git.run(['ls-tree', '-r', '-z', '--name-only', root], { withoutTree: true })).split('\0').filter(Boolean);
  }

  /** Names the state of the index; null where there is none. */
  private indexStamp(): string | null {
    const stat = lstatSync(join(this.gitDir, 'index'), { throwIfNoEntry: false, bigint: true });
    return stat ? `${stat.ino}:${stat.mtimeNs}:${stat.size}` : null;
  }

  /** The index says in its header how many entries it has. An empty tree may have none. */
  private async countFiles(): Promise<number> {
    const path = join(this.gitDir, 'index');
    if (!lstatSync(path, { throwIfNoEntry: false })) return 0;
    const index = await open(path, 'r');
    try {
      const { buffer } = await index.read(Buffer.alloc(12), 0, 12, 0);
      return buffer.readUInt32BE(8);
    } finally {
      await index.close();
    }
  }

  private async readUser(): Promise<{ userHead: string | null; userIndex: string | null }> {
    const user = await readUserRepository(this.workTree);
    return { userHead: user?.head ?? null, userIndex: user && (await this.recordUserIndex(user.indexPath)) };
  }

  private async recordUserIndex(path: string): Promise<string | null> {
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (!stat?.isFile()) return null;
    const seen = this.userIndexSeen;
    if (seen && seen.mtimeMs === stat.mtimeMs && seen.size === stat.size) return seen.blob;
    const blob = (await this.git.run(['hash-object', '-w', '--no-filters', path], { withoutTree: true })).trim();
    this.userIndexSeen = { mtimeMs: stat.mtimeMs, size: stat.size, blob };
    return blob;
  }
}

/** Nothing but the user's own repository. Where there is no such folder, git tells. */
async function holdsNothing(folder: string): Promise<boolean> {
  try {
    return (await readdir(folder)).every((name) => name === '.git');
  } catch (error) {
    if (error instanceof Error && 'code' in error) return false;
    throw error;
  }
}
