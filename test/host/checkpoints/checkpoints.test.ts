import { execFileSync } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { emptySignals } from '../../../domain/signals.js';
import { CheckpointManager, type CheckpointContext } from '../../../host/checkpoints/checkpoint-manager.js';

let root: string;
let cwd: string;
let transcript: string;
let manager: CheckpointManager;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'shim-checkpoints-'));
  cwd = join(root, 'tree');
  transcript = join(root, 'transcript.jsonl');
  mkdirSync(cwd);
  manager = newManager();
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function newManager(): CheckpointManager {
  const made = new CheckpointManager(join(root, 'checkpoints'), cwd, 10);
  made.on('checkpoint_failed', () => undefined);
  return made;
}

function context(change: Partial<CheckpointContext> = {}): CheckpointContext {
  return {
    sessionId: randomUUID(),
    sessionName: 'test',
    epoch: 1,
    attemptId: randomUUID(),
    signals: emptySignals(Date.now()),
    transcriptPath: transcript,
    isMessage: () => true,
    launch: { agent: 'command', argv: [], cwd, environmentNames: [], conversationId: null, agentVersion: null },
    ...change,
  };
}

async function checkpoint(change?: Partial<CheckpointContext>) {
  const manifest = await manager.create('user_requested', context(change));
  if (!manifest) throw new Error('no checkpoint was made');
  return manifest;
}

function write(path: string, content = path): void {
  mkdirSync(join(cwd, path, '..'), { recursive: true });
  writeFileSync(join(cwd, path), content);
}

async function restored(tree: string): Promise<string> {
  const into = join(root, `restored-${randomUUID()}`);
  await manager.shadow.restoreInto(tree, into);
  return into;
}

/** Everything below a folder: path, type, content, time of the last change. */
function fingerprint(folder: string): string {
  const hash = createHash('sha256');
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true }).toSorted((a, b) => join(a.parentPath, a.name).localeCompare(join(b.parentPath, b.name)))) {
    const path = join(entry.parentPath, entry.name);
    hash.update(`${path} ${statSync(path).mtimeMs} `);
    if (entry.isFile()) hash.update(readFileSync(path));
  }
  return hash.digest('hex');
}

describe('the working tree in a checkpoint', () => {
  it('comes back byte by byte, with untracked files, odd names, links and empty files', async () => {
    const names = ['plain.txt', 'a b/c d.txt', '-dash', 'ünï/ç.txt', 'new\nline.txt', 'empty', 'crlf.txt', '.hidden'];
    for (const name of names) write(name, name === 'empty' ? '' : `${name}\r\nsecond\n`);
    write('.gitattributes', '* text=auto eol=lf\n');
    symlinkSync('plain.txt', join(cwd, 'link'));
    const { tree } = await checkpoint();
    const back = await restored(tree.root);
    for (const name of names) expect(readFileSync(join(back, name), 'utf8')).toBe(readFileSync(join(cwd, name), 'utf8'));
    expect(readFileSync(join(back, 'link'), 'utf8')).toBe('plain.txt\r\nsecond\n');
    expect(tree.files).toBe(names.length + 2);
  });

  it('follows changes and deletions', async () => {
    write('stays', 'one');
    write('goes');
    await checkpoint();
    write('stays', 'two');
    rmSync(join(cwd, 'goes'));
    const { tree } = await checkpoint();
    const back = await restored(tree.root);
    expect(readFileSync(join(back, 'stays'), 'utf8')).toBe('two');
    expect(existsSync(join(back, 'goes'))).toBe(false);
  });

  it('leaves out what is ignored, secret by name, too large or a repository of its own, and says so where it matters', async () => {
    write('.gitignore', 'build/\n');
    for (const path of ['build/out', '.env', '.env.local', 'server.pem', 'id_rsa', 'node_modules/x/index.js']) write(path);
    write('.env.example');
    write('large.bin', 'x'.repeat(5 * 1_048_576 + 1));
    write('inner/file');
    execFileSync('git', ['init', '-q', join(cwd, 'inner')]);
    const { tree } = await checkpoint();
    const back = await restored(tree.root);
    expect(readdirSync(back).toSorted()).toEqual(['.env.example', '.gitignore']);
    expect(tree.skipped.map(({ path }) => path).toSorted()).toEqual(['.env', '.env.local', 'id_rsa', 'inner/', 'large.bin', 'server.pem']);
  });

  it("leaves the user's own repository, index and files exactly as they are", async () => {
    const git = (...args: string[]) => execFileSync('git', ['-c', 'user.name=n', '-c', 'user.email=e@example.com', ...args], { cwd, encoding: 'utf8' }).trim();
    git('init', '-q');
    write('committed');
    git('add', '.');
    git('commit', '-qm', 'first');
    write('staged');
    git('add', 'staged');
    write('untracked');
    const before = fingerprint(cwd);
    const { tree } = await checkpoint();
    write('untracked', 'changed');
    const between = fingerprint(cwd);
    await checkpoint();
    expect(fingerprint(cwd)).toBe(between);
    expect(between).not.toBe(before);
    expect(tree.userHead).toBe(git('rev-parse', 'HEAD'));
    expect(tree.userIndex).toMatch(/^[0-9a-f]{40}$/);
    expect(git('status', '--porcelain')).toBe('A  staged\n?? untracked');
  });

  it('is never written over files', async () => {
    write('file');
    const { tree } = await checkpoint();
    await expect(manager.shadow.restoreInto(tree.root, cwd)).rejects.toThrow('is not empty');
  });

  it('that is unchanged, with an unchanged transcript, makes no further checkpoint', async () => {
    write('file');
    const first = await checkpoint();
    const second = await checkpoint();
    expect(second.id).toBe(first.id);
    write('file', 'changed');
    expect((await checkpoint()).id).toBe('ck-0002');
  });
});

describe('a checkpoint on disk', () => {
  async function two(): Promise<string> {
    write('file', 'one');
    appendFileSync(transcript, '{"n":1}\n');
    await checkpoint();
    write('file', 'two');
    appendFileSync(transcript, '{"n":2}\n');
    await checkpoint();
    return join(root, 'checkpoints', 'ck-0002', 'manifest.json');
  }

  it('is used while it is whole', async () => {
    await two();
    const { manifest, rejected } = await newManager().load();
    expect(manifest?.id).toBe('ck-0002');
    expect(rejected).toEqual([]);
    expect(await manager.repository.verify('ck-0002')).toBeNull();
  });

  it('that was torn at any byte is rejected, and the one before is used', async () => {
    const path = await two();
    const whole = readFileSync(path);
    for (let length = 0; length < whole.length; length += 7) {
      writeFileSync(path, whole.subarray(0, length));
      const { manifest, rejected } = await newManager().load();
      expect(manifest?.id).toBe('ck-0001');
      expect(rejected.map(({ id }) => id)).toEqual(['ck-0002']);
    }
  });

  it('with one flipped bit anywhere in its manifest is rejected', async () => {
    const path = await two();
    const whole = readFileSync(path);
    for (let at = 0; at < whole.length - 1; at += 11) {
      const flipped = Buffer.from(whole);
      flipped.writeUInt8(whole.readUInt8(at) ^ 4, at);
      writeFileSync(path, flipped);
      expect((await newManager().load()).manifest?.id).toBe('ck-0001');
    }
  });

  it('with an altered root tree is rejected', async () => {
    const path = await two();
    const { tree } = JSON.parse(readFileSync(path, 'utf8').split('\n')[0] ?? '') as { tree: { root: string } };
    const object = join(root, 'checkpoints', 'git', 'objects', tree.root.slice(0, 2), tree.root.slice(2));
    execFileSync('chmod', ['u+w', object]);
    const bytes = readFileSync(object);
    bytes.writeUInt8(bytes.readUInt8(bytes.length - 6) ^ 1, bytes.length - 6);
    writeFileSync(object, bytes);
    const { manifest, rejected } = await newManager().load();
    expect(manifest?.id).toBe('ck-0001');
    expect(rejected[0]?.reason).toContain('tree');
  });

  it('whose transcript was cut short is rejected', async () => {
    await two();
    truncateSync(transcript, 4);
    const { manifest, rejected } = await newManager().load();
    expect(manifest).toBeNull();
    expect(rejected.map(({ reason }) => reason).join()).toContain('transcript');
  });

  it('is proved bad by verify where a transcript segment was altered', async () => {
    await two();
    const folder = join(root, 'checkpoints', 'transcript', '1');
    const segment = readdirSync(folder).find((name) => name.startsWith('0-')) ?? '';
    writeFileSync(join(folder, segment), 'not gzip');
    expect(await manager.repository.verify('ck-0002')).toContain('missing or was altered');
  });

  it('stays under 100 kB however long the session is', async () => {
    for (let n = 0; n < 60; n += 1) {
      appendFileSync(transcript, `{"n":${n}}\n`);
      await checkpoint();
    }
    expect(statSync(join(root, 'checkpoints', 'ck-0060', 'manifest.json')).size).toBeLessThan(10_000);
    expect(await manager.repository.verify('ck-0060')).toBeNull();
  });
});

describe('the transcript in a checkpoint', () => {
  it('ends with its last complete line; a torn one is taken when it is whole', async () => {
    writeFileSync(transcript, '{"n":1}\n{"n":2');
    expect((await checkpoint()).transcript).toMatchObject({ validatedBytes: 8, messages: 1, malformedLines: 0 });
    appendFileSync(transcript, '}\n');
    expect((await checkpoint()).transcript).toMatchObject({ validatedBytes: 16, messages: 2, malformedLines: 0 });
  });

  it('has its malformed lines counted', async () => {
    writeFileSync(transcript, '{"n":1}\n{"n":\n[1]\n{"n":3}\n');
    expect((await checkpoint()).transcript).toMatchObject({ messages: 2, malformedLines: 2 });
  });

  it('that the agent rewrote begins a new generation', async () => {
    writeFileSync(transcript, '{"n":1}\n{"n":2}\n');
    await checkpoint();
    writeFileSync(transcript, '{"other":1}\n{"other":2}\n');
    const { transcript: state } = await checkpoint();
    expect(state).toMatchObject({ generation: 2, messages: 2 });
    expect(await manager.repository.verify('ck-0002')).toBeNull();
  });

  it('goes on after a crash between its segments and the manifest', async () => {
    writeFileSync(transcript, '{"n":1}\n');
    await checkpoint();
    appendFileSync(join(root, 'checkpoints', 'transcript', '1', 'segments.jsonl'), '{"start":8,"end":16,"sha2');
    appendFileSync(transcript, '{"n":2}\n');
    manager = newManager();
    await manager.load();
    const { id } = await checkpoint();
    expect(await manager.repository.verify(id)).toBeNull();
  });
});

describe('when checkpoints cannot be made', () => {
  it('says so, leaves nothing half-made, and goes on when they can', async () => {
    write('file');
    const failures: string[] = [];
    const broken = new CheckpointManager(join(root, 'broken'), cwd, 10);
    broken.on('checkpoint_failed', (error) => failures.push(error.message));
    writeFileSync(join(root, 'broken', 'git'), 'in the way');
    expect(await broken.create('user_requested', context())).toBeNull();
    expect(failures).toHaveLength(1);
    expect((await broken.repository.list()).manifests).toEqual([]);
    rmSync(join(root, 'broken', 'git'));
    expect(await broken.create('user_requested', context())).toMatchObject({ id: 'ck-0001' });
  });

  it('makes one after another where several are asked for at once', async () => {
    write('file');
    const all = await Promise.all([1, 2, 3].map(() => checkpoint()));
    expect(new Set(all.map(({ id }) => id))).toEqual(new Set(['ck-0001']));
  });
});

describe('retention', () => {
  it('keeps the newest, and lets go of what no kept checkpoint needs', async () => {
    for (let n = 0; n < 8; n += 1) {
      write('file', `content ${n}`);
      await checkpoint();
    }
    const pruned = await manager.repository.prune({ last: 3, hourly: 0, daily: 0 });
    expect(pruned).toEqual(['ck-0001', 'ck-0002', 'ck-0003', 'ck-0004', 'ck-0005']);
    for (const id of ['ck-0006', 'ck-0007', 'ck-0008']) expect(await manager.repository.verify(id)).toBeNull();
  });
});
