import fc from 'fast-check';
import { expect, it } from 'vitest';
import { withCheckpoint, noCheckpointTimes } from '../../../domain/checkpoint-times.js';
import { assignment, outcome } from './records.js';
import { assignMany, describeOnEach } from './store-places.js';

const experimentId = 'experiment/danger_zone/1';
const options = (nowMs: number) => ({ horizonMs: 1_000, nowMs, checkpointLimitMs: 50 });

describeOnEach('units', ({ open, where }) => {
  it('mature when the horizon of their assignment is over, in its order, and never again', async () => {
    const store = await open();
    const [late, b, a] = [assignment({ assignedAtMs: 2_001 }), assignment({ sessionId: 'b', assignedAtMs: 2_000 }), assignment({ sessionId: 'a', assignedAtMs: 2_000 })];
    for (const given of [late, b, a, assignment({ experimentId: 'experiment/danger_zone/2' })]) await store.assign(given);
    expect(await store.mature(experimentId, options(2_999))).toBe(0);
    expect(await store.mature(experimentId, options(3_000))).toBe(2);
    expect(await store.mature(experimentId, options(3_000))).toBe(0);
    expect(await store.mature(experimentId, options(9_000))).toBe(1);
    expect((await store.unitsAfter(experimentId, 0, 10)).map((unit) => [unit.position, unit.sessionId, unit.maturedAtMs])).toEqual([
      [1, 'a', 3_000],
      [2, 'b', 3_000],
      [3, late.sessionId, 9_000],
    ]);
    expect((await store.unitsAfter(experimentId, 1, 1)).map((unit) => unit.sessionId)).toEqual(['b']);
  });

  it('are what ended from the exposure to the horizon, both of them counted', async () => {
    const store = await open();
    const { sessionId } = await store.assign(assignment({ assignedAtMs: 1_000, arm: 'control' }));
    const checkpoints = withCheckpoint(withCheckpoint(noCheckpointTimes, 20), 80);
    const good = { sessionId, crashed: false, workLostMs: 0, inputTokens: 10, outputTokens: 1, costUsd: 0.5, checkpoints };
    await store.record([
      outcome({ sessionId, endedAtMs: 999 }),
      outcome({ ...good, endedAtMs: 1_000 }),
      outcome({ ...good, endedAtMs: 1_500, epoch: 2, resumeStrategy: 'native', runningAtMs: null, costUsd: null }),
      outcome({ ...good, endedAtMs: 2_000, epoch: 3, resumeStrategy: 'brief', runningAtMs: 1_600, downtimeMs: 70, crashed: true, workLostMs: 30 }),
      outcome({ sessionId, endedAtMs: 2_001, inputTokens: 1e6 }),
    ]);
    await store.mature(experimentId, options(5_000));
    expect(await store.unitsAfter(experimentId, 0, 10)).toEqual([
      {
        experimentId,
        sessionId,
        position: 1,
        arm: 'control',
        exposedAtMs: 1_000,
        maturedAtMs: 5_000,
        reported: true,
        crashed: true,
        failedResume: true,
        resumes: 2,
        failedResumes: 1,
        checkpoints: 6,
        slowCheckpoints: 3,
        tokens: 33,
        costUsd: 1,
        lostTimeMs: 330,
        downtimeMs: 70,
      },
    ]);
  });

  it('count a session that never told of itself, and hear nothing of it later', async () => {
    const store = await open();
    const { sessionId } = await store.assign(assignment());
    await store.mature(experimentId, options(5_000));
    await store.record([outcome({ sessionId, endedAtMs: 1_500 })]);
    await store.mature(experimentId, options(6_000));
    expect(await store.unitsAfter(experimentId, 0, 10)).toMatchObject([{ sessionId, reported: false, crashed: false, tokens: 0 }]);
  });

  it('are numbered without gaps and made once, whoever matures them at the same time', async () => {
    const stores = await Promise.all([open(), open()]);
    const ids = Array.from({ length: 1_203 }, (_, at) => `session-${String(at).padStart(5, '0')}`);
    await assignMany(await where(), ids.map((sessionId) => assignment({ sessionId })));
    const counts = await Promise.all(stores.map((store) => store.mature(experimentId, options(5_000))));
    expect(counts.reduce((sum, count) => sum + count)).toBe(1_203);
    const units = await stores[1].unitsAfter(experimentId, 0, 10_000);
    expect(units.map((unit) => unit.position)).toEqual(ids.map((_, at) => at + 1));
    expect(units.map((unit) => unit.sessionId)).toEqual(ids);
  });

  it('are the same whoever matured them when', async () => {
    const [one, other] = await Promise.all([open(), open()]);
    const timeMs = fc.integer({ min: 0, max: 5_000 });
    const session = fc.record({ assignedAtMs: timeMs, ends: fc.array(fc.record({ endedAtMs: timeMs, crashed: fc.boolean(), workLostMs: fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }) }), { maxLength: 3 }) });
    let tried = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(session, { maxLength: 12 }), fc.array(fc.tuple(fc.constantFrom(one, other), fc.integer({ min: 0, max: 7_000 })), { maxLength: 6 }), async (sessions, looks) => {
        const [once, often] = [`once/${(tried += 1)}`, `often/${tried}`];
        const rows = sessions.map(({ assignedAtMs }, at) => assignment({ assignedAtMs, sessionId: `${tried}/${at}` }));
        await assignMany(await where(), [once, often].flatMap((id) => rows.map((row) => ({ ...row, experimentId: id }))));
        await one.record(sessions.flatMap(({ ends }, at) => ends.map((end, epoch) => outcome({ ...end, sessionId: `${tried}/${at}`, epoch: epoch + 1 }))));
        await one.mature(once, options(9_000));
        // All at once: a clock that stood still or went back matures nothing twice.
        await Promise.all(looks.map(([store, nowMs]) => store.mature(often, options(nowMs))));
        await other.mature(often, options(9_000));
        const units = async (id: string) => (await one.unitsAfter(id, 0, 100)).map((unit) => ({ ...unit, experimentId: '', maturedAtMs: 0 }));
        const [expected, seen] = [await units(once), await units(often)];
        expect(expected.map(({ position }) => position)).toEqual(rows.map((_, at) => at + 1));
        expect(seen).toEqual(expected);
      }),
      { numRuns: 25 },
    );
  });
});
