import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, readlinkSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { flipBit, newFolder, photograph, removeFolders, TestSession, userGit } from './session.js';

let session: TestSession;
beforeEach(() => {
  session = new TestSession();
});
afterEach(removeFolders);

describe('an empty folder', () => {
  it('is recorded as git would, and goes on from there as any other', async () => {
    const first = await session.checkpoint();
    expect(first.tree).toMatchObject({ root: '4b825dc642cb6eb9a060e54bf8d69288fbee4904', files: 0, userHead: null });
    expect(await session.manager.repository.verify(first.id)).toBeNull();
    expect(execFileSync('git', ['--git-dir', join(session.folder, 'git'), 'fsck', '--full'], { encoding: 'utf8', stdio: 'pipe' })).not.toMatch(/missing|corrupt/);
    session.write('a.ts');
    const second = await session.checkpoint();
    expect(await session.files(second)).toEqual(['a.ts']);
    rmSync(join(session.tree, 'a.ts'));
    session.say('all gone');
    const third = await session.checkpoint();
    expect(third.tree).toMatchObject({ root: first.tree.root, files: 0 });
  });

  it('with a repository of the user and nothing beside it is empty too', async () => {
    userGit(session.tree, 'init', '-q');
    expect((await session.checkpoint()).tree.files).toBe(0);
  });

  it('whose tree was altered on disk is no checkpoint, and the next one is', async () => {
    await session.checkpoint();
    flipBit(join(session.folder, 'git', 'objects', '4b', '825dc642cb6eb9a060e54bf8d69288fbee4904'));
    session.say('more');
    const again = await session.manager.create('user_requested', session.context()).then((manifest) => manifest ?? session.checkpoint());
    expect(await session.manager.repository.verify(again.id)).toBeNull();
  });
});

describe("the user's own repository", () => {
  it('is byte for byte as before: .git, index, refs, files, times', async () => {
    const { tree } = session;
    for (const path of ['a.ts', 'src/b.ts', 'gone.ts']) session.write(path);
    userGit(tree, 'init', '-q');
    userGit(tree, 'add', '-A');
    userGit(tree, 'commit', '-qm', 'first');
    session.write('src/b.ts', 'staged\n');
    userGit(tree, 'add', 'src/b.ts');
    session.write('src/b.ts', 'and changed again\n');
    session.write('untracked.ts');
    rmSync(join(tree, 'gone.ts'));
    const hook = join(tree, '.git', 'hooks', 'post-index-change');
    writeFileSync(hook, '#!/bin/sh\ntouch hook-ran\n');
    chmodSync(hook, 0o755);
    const before = photograph(tree);
    const first = await session.checkpoint();
    await session.manager.repository.verify(first.id);
    expect(photograph(tree)).toEqual(before);
    session.write('untracked.ts', 'changed\n');
    const changed = photograph(tree);
    await session.checkpoint();
    expect(photograph(tree)).toEqual(changed);
    expect([...before.keys()].filter((path) => path.startsWith(join(tree, '.git/'))).length).toBeGreaterThan(20);
    expect(first.tree.userHead).toBe(userGit(tree, 'rev-parse', 'HEAD'));
    expect(await session.files(first)).toEqual(['a.ts', 'src/b.ts', 'untracked.ts']);
  });

  it("has its index kept as it was, and it can be read back after a pruning", async () => {
    const { tree } = session;
    session.write('a.ts');
    userGit(tree, 'init', '-q');
    userGit(tree, 'add', '-A');
    const index = readFileSync(join(tree, '.git', 'index'));
    const first = await session.checkpoint();
    await session.manager.repository.pin(first.id);
    for (const round of [1, 2, 3]) {
      session.write('a.ts', `${round}\n`);
      userGit(tree, 'add', '-A');
      await session.checkpoint();
    }
    expect(await session.manager.prune({ last: 1, hourly: 0, daily: 0, bytes: 1e9 })).toEqual(['ck-0002', 'ck-0003']);
    const kept = execFileSync('git', ['cat-file', 'blob', first.tree.userIndex ?? ''], { env: { PATH: process.env['PATH'], GIT_DIR: join(session.folder, 'git') } });
    expect(kept.equals(index)).toBe(true);
  });

  it('is found from a linked work tree too, whose .git is a file', async () => {
    const main = newFolder();
    userGit(main, 'init', '-q');
    userGit(main, 'commit', '-q', '--allow-empty', '-m', 'first');
    rmSync(session.tree, { recursive: true });
    userGit(main, 'worktree', 'add', '-q', '-b', 'side', session.tree);
    session.write('a.ts');
    const manifest = await session.checkpoint();
    expect(manifest.tree.userHead).toBe(userGit(main, 'rev-parse', 'side'));
    expect(await session.files(manifest)).toEqual(['a.ts']);
  });

  it("may have hostile settings: the caller's GIT_ variables, filters and attributes have no effect", async () => {
    const { tree } = session;
    const hostile = { GIT_DIR: '/nowhere', GIT_INDEX_FILE: '/nowhere/index', GIT_OBJECT_DIRECTORY: '/nowhere', GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'core.hooksPath', GIT_CONFIG_VALUE_0: tree };
    Object.assign(process.env, hostile);
    try {
      session.write('.gitattributes', '* filter=evil text eol=crlf ident\n');
      session.write('a.txt', 'one\r\ntwo\n$Id$\n');
      const manifest = await session.checkpoint();
      const back = join(newFolder(), 'back');
      await session.manager.shadow.restoreInto(manifest.tree.root, back);
      expect(readFileSync(join(back, 'a.txt'), 'utf8')).toBe('one\r\ntwo\n$Id$\n');
    } finally {
      for (const name of Object.keys(hostile)) delete process.env[name];
    }
  });
});

describe('a recorded tree', () => {
  it('has untracked files and none that are ignored, secret or larger than 5 MB', async () => {
    session.write('.gitignore', 'build/\n*.log\n!.env\n!id_rsa\n');
    for (const path of ['a.ts', 'build/out.js', 'x.log', '.env', '.env.local', '.env.example', 'deep/id_rsa', 'server.pem', '.ssh/config', 'credentials.json', 'src/credentials/form.ts', 'node_modules/x/index.js']) session.write(path);
    session.write('large.bin', Buffer.alloc(5 * 1_048_576 + 1));
    session.write('fits.bin', Buffer.alloc(5 * 1_048_576));
    const manifest = await session.checkpoint();
    expect(await session.files(manifest)).toEqual(['.env.example', '.gitignore', 'a.ts', 'fits.bin', 'src/credentials/form.ts']);
    expect(manifest.tree.files).toBe(5);
    expect(manifest.tree.skipped.map(({ path }) => path).toSorted()).toEqual(['.env', '.env.local', '.ssh/config', 'credentials.json', 'deep/id_rsa', 'large.bin', 'server.pem']);
    expect(manifest.tree.skipped.find(({ path }) => path === 'large.bin')?.reason).toContain('larger than');
    expect(manifest.tree.skippedTotal).toBe(7);
  });

  it('loses a file that has grown past 5 MB, and says so', async () => {
    session.write('grows.bin', 'small');
    session.write('a.ts');
    await session.checkpoint();
    truncateSync(join(session.tree, 'grows.bin'), 6 * 1_048_576);
    const manifest = await session.checkpoint();
    expect(await session.files(manifest)).toEqual(['a.ts']);
    expect(manifest.tree.skipped.map(({ path }) => path)).toEqual(['grows.bin']);
  });

  it('has names with line ends, other scripts, a leading dash, and bytes that are no text', async () => {
    const names = ['line\nend', 'tab\tquote"', 'größe-日本', '-rf', '--stdin', 'git~1', 'back\\slash', ' space '];
    for (const name of names) session.write(name);
    const bytes = Buffer.concat([Buffer.from(`${session.tree}/latin-`), Buffer.from([0xe9])]);
    writeFileSync(bytes, 'é');
    const manifest = await session.checkpoint();
    expect(await session.files(manifest)).toEqual([...names, 'latin-\ufffd'].toSorted());
    const back = join(newFolder(), 'back');
    await session.manager.shadow.restoreInto(manifest.tree.root, back);
    for (const name of names) expect(readFileSync(join(back, name), 'utf8')).toBe(`content of ${name}\n`);
    expect(readFileSync(Buffer.concat([Buffer.from(`${back}/latin-`), Buffer.from([0xe9])]), 'utf8')).toBe('é');
    expect(await session.manager.shadow.compare(manifest.tree.root)).toEqual({ files: 9, present: 9, missing: [] });
  });

  it('has links as links, wherever they lead, and the executable bit', async () => {
    symlinkSync('/etc', join(session.tree, 'out'));
    symlinkSync('nowhere', join(session.tree, 'broken'));
    session.write('run.sh');
    chmodSync(join(session.tree, 'run.sh'), 0o755);
    const manifest = await session.checkpoint();
    const back = join(newFolder(), 'back');
    await session.manager.shadow.restoreInto(manifest.tree.root, back);
    expect(readlinkSync(join(back, 'out'))).toBe('/etc');
    expect(readlinkSync(join(back, 'broken'))).toBe('nowhere');
    expect([...photograph(back).entries()].find(([path]) => path.endsWith('run.sh'))?.[1]).toMatch(/^33261 /);
  });

  it('follows deletions, and files and folders that change places', async () => {
    for (const path of ['gone', 'file', 'folder/in', 'emptied']) session.write(path);
    await session.checkpoint();
    for (const path of ['gone', 'file', 'folder', 'emptied']) rmSync(join(session.tree, path), { recursive: true });
    session.write('file/in');
    session.write('folder');
    mkdirSync(join(session.tree, 'emptied'));
    expect(await session.files(await session.checkpoint())).toEqual(['file/in', 'folder']);
    for (const path of ['file', 'folder']) rmSync(join(session.tree, path), { recursive: true });
    const empty = await session.checkpoint();
    expect(await session.files(empty)).toEqual([]);
    expect(empty.tree.files).toBe(0);
  });

  it('leaves out FIFOs, also in the place of a file', async () => {
    session.write('was-a-file');
    await session.checkpoint();
    rmSync(join(session.tree, 'was-a-file'));
    execFileSync('mkfifo', ['was-a-file', 'fifo'], { cwd: session.tree });
    session.write('a.ts');
    expect(await session.files(await session.checkpoint())).toEqual(['a.ts']);
  });

  it('leaves a repository within alone and says so', async () => {
    session.write('a.ts');
    session.write('nested/b.ts');
    userGit(join(session.tree, 'nested'), 'init', '-q');
    const before = photograph(session.tree);
    const manifest = await session.checkpoint();
    expect(await session.files(manifest)).toEqual(['a.ts']);
    expect(manifest.tree.skipped).toEqual([{ path: 'nested/', reason: 'a repository of its own' }]);
    expect(photograph(session.tree)).toEqual(before);
  });

  it('is made anew where the index was torn, or a killed git left its lock', async () => {
    session.write('a.ts');
    const first = await session.checkpoint();
    session.write('b.ts');
    const index = join(session.folder, 'git', 'index');
    truncateSync(index, 50);
    writeFileSync(`${index}.lock`, '');
    expect(await session.files(await session.checkpoint())).toEqual(['a.ts', 'b.ts']);
    rmSync(join(session.tree, 'b.ts'));
    expect((await session.checkpoint()).tree.root).toBe(first.tree.root);
  });

  it('is made anew where it was altered on disk', async () => {
    session.write('a.ts');
    const first = await session.checkpoint();
    flipBit(session.objectPath(first.tree.root));
    expect(await session.manager.repository.isValid(first.id)).toBe(false);
    session.write('b.ts');
    await session.checkpoint();
    rmSync(join(session.tree, 'b.ts'));
    const again = await session.checkpoint();
    expect(again.tree.root).toBe(first.tree.root);
    expect(await session.manager.repository.verify(again.id)).toBeNull();
  });
});

describe('a restored tree', () => {
  it('is never written over files', async () => {
    session.write('a.ts');
    const manifest = await session.checkpoint();
    const folder = newFolder();
    writeFileSync(join(folder, 'mine'), '');
    await expect(session.manager.shadow.restoreInto(manifest.tree.root, folder)).rejects.toThrow('not empty');
    expect(photograph(folder).size).toBe(1);
  });

  it('can be the missing work tree itself', async () => {
    session.write('src/a.ts');
    const manifest = await session.checkpoint();
    rmSync(session.tree, { recursive: true });
    expect(await session.manager.shadow.compare(manifest.tree.root)).toEqual({ files: 1, present: 0, missing: ['src/a.ts'] });
    await session.manager.shadow.restoreInto(manifest.tree.root, session.tree);
    expect(await session.manager.shadow.compare(manifest.tree.root)).toEqual({ files: 1, present: 1, missing: [] });
  });

  it('is written wholly or not at all', async () => {
    session.write('a.ts', 'first in line\n');
    session.write('z.ts', 'damaged\n');
    const manifest = await session.checkpoint();
    const blob = userGit(session.tree, 'hash-object', 'z.ts');
    rmSync(session.objectPath(blob));
    const back = join(newFolder(), 'back');
    await expect(session.manager.shadow.restoreInto(manifest.tree.root, back)).rejects.toThrow(/git checkout-index/);
    expect(photograph(back).size).toBe(0);
  });
});
