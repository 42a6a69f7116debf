import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pruneAttempts } from '../../../host/prune/prune-attempts.js';
import { SessionFolder } from '../../../host/session-folder.js';
import { SupervisorDaemon } from '../../../host/supervisor-daemon.js';
import { useLocalHost } from '../../support/local-host.js';
import { poll } from '../../support/poll.js';

const local = useLocalHost();

/** A session that has had so many attempts, each with output. */
function sessionWith(attempts: number): SessionFolder {
  const spec = local.newSpec('restless');
  const folder = new SessionFolder(local.home, spec.name);
  folder.create(spec);
  for (let epoch = 1; epoch <= attempts; epoch += 1) {
    const { path } = folder.attempt(epoch);
    mkdirSync(path);
    for (const file of ['attempt.json', 'report.json', 'stdout', 'stderr']) writeFileSync(join(path, file), `${epoch}`);
  }
  return folder;
}

const withOutput = (folder: SessionFolder) => folder.epochs().filter((epoch) => existsSync(join(folder.attempt(epoch).path, 'stdout')));
const upTo = (last: number, count: number) => Array.from({ length: count }, (_, at) => last - count + 1 + at);

describe('old attempts of a session that goes on', () => {
  it('leave the records of the newest 100, and the output of the newest 5', async () => {
    const folder = sessionWith(112);
    mkdirSync(join(folder.path, 'attempts', '.removed-3'));
    await pruneAttempts(folder);
    expect(folder.epochs()).toEqual(upTo(112, 100));
    expect(withOutput(folder)).toEqual(upTo(112, 5));
    expect(readdirSync(folder.attempt(13).path).toSorted()).toEqual(['attempt.json', 'report.json']);
    expect(readdirSync(join(folder.path, 'attempts'))).toHaveLength(100);
  });

  it('stay where there are few', async () => {
    const folder = sessionWith(5);
    await pruneAttempts(folder);
    expect(withOutput(folder)).toEqual(upTo(5, 5));
  });

  it('go once a later attempt runs', async () => {
    const folder = sessionWith(105);
    const context = local.contextOf();
    const daemon = new SupervisorDaemon(context);
    context.events.emit('attempt_running', { name: folder.name, epoch: 105, sinceSpawnMs: 1 });
    await poll(() => Promise.resolve(readdirSync(join(folder.path, 'attempts')).toSorted()), (names) => names.length === 100);
    expect(folder.epochs()).toEqual(upTo(105, 100));
    expect(withOutput(folder)).toEqual(upTo(105, 5));
    daemon.stop();
  });
});
