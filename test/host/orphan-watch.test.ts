import { describe, expect, it } from 'vitest';
import { Background } from '../../host/background.js';
import { OrphanWatch } from '../../host/orphan-watch.js';
import { KeptReports, startRequest, starts, useLocalHost } from '../support/local-host.js';

const local = useLocalHost();

/** Old enough to be missed, ms. */
const later = () => Date.now() + 61_000;

async function running(...names: string[]) {
  const reports = new KeptReports();
  const context = local.contextOf(reports);
  const host = local.newHost(context);
  for (const name of names) {
    const spec = local.newSpec(name);
    await host.startAgent(startRequest(spec, 1));
    await starts(spec, 1);
    reports.open.set(name, spec.sessionId);
  }
  const watch = new OrphanWatch(reports, () => host.liveRunners, new Background(context, null));
  return { host, reports, watch, living: () => host.liveRunners.filter(({ hasEnded }) => !hasEnded).map(({ key }) => key.name) };
}

describe('an attempt that no workflow supervises any more', () => {
  it('is ended, and no other', async () => {
    const { reports, watch, living } = await running('kept', 'orphan');
    reports.open.delete('orphan');
    await watch.compare(later());
    expect(living()).toEqual(['kept']);
    expect(reports.ends).toMatchObject([{ name: 'orphan', exitClass: 'stopped', reason: 'no workflow supervises it any more' }]);
  });

  it('is known by its id where another session has its name by now', async () => {
    const { reports, watch, living } = await running('again');
    reports.open.set('again', 'another-session');
    await watch.compare(later());
    expect(living()).toEqual([]);
  });

  it('is not one as long as it is so young that Temporal may not list it yet', async () => {
    const { reports, watch, living } = await running('young');
    reports.open.clear();
    await watch.compare();
    expect(living()).toEqual(['young']);
  });

  it('is found as soon as it is old enough, where it was too young at the last list', async () => {
    const { host, reports, watch, living } = await running('old');
    const spec = local.newSpec('young');
    await host.startAgent(startRequest(spec, 1));
    await starts(spec, 1);
    const onlyOneIsOldMs = (host.liveRunners.at(-1)?.setup.startedAtMs ?? 0) + 60_000;
    await watch.compare(onlyOneIsOldMs);
    expect({ lists: reports.lists, living: living() }).toEqual({ lists: 1, living: ['old', 'young'] });
    await watch.compare(onlyOneIsOldMs + 1);
    expect(living()).toEqual(['old']);
  });

  it('is found by the count, without a list as long as there are as many as before', async () => {
    const { reports, watch, living } = await running('one', 'two');
    for (let looks = 0; looks < 5; looks += 1) await watch.compare(later());
    expect({ lists: reports.lists, living: living() }).toEqual({ lists: 1, living: ['one', 'two'] });
    reports.open.delete('two');
    await watch.compare(later());
    expect({ lists: reports.lists, living: living() }).toEqual({ lists: 2, living: ['one'] });
  });

  it('is found where another began as it was ended, by a list after nine counts', async () => {
    const { reports, watch, living } = await running('one', 'two');
    await watch.compare(later());
    reports.open.delete('two');
    reports.open.set('three', 'elsewhere');
    for (let looks = 0; looks < 9; looks += 1) await watch.compare(later());
    expect(living(), 'only counted so far').toEqual(['one', 'two']);
    await watch.compare(later());
    expect(living()).toEqual(['one']);
  });

  it('is not ended while Temporal cannot be asked', async () => {
    const { reports, watch, living } = await running('alone');
    reports.open.clear();
    reports.countSupervised = () => Promise.resolve(null);
    await watch.compare(later());
    expect(living()).toEqual(['alone']);
    expect(reports.lists).toBe(0);
  });
});
