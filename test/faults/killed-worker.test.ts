import { mkdtempSync, mkdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensureBinary } from '../../scripts/find-binary.mjs';
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import { registeredAttributes } from '../../workflows/registered-attributes.js';
import { runKilled, type Fate, type KilledExperiment } from '../support/killed-experiment.js';

/** Experiments that run beside one another: each is a worker process and its sessions. */
const atOnce = 6;

/** Calls that come again and again, and are the same each time: the first of them stands for all. */
const repeated = ['lookAtExperiment', 'saveExperimentStatus'];

let server: TestWorkflowEnvironment;
let folder: string;
let namespaces: string[];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'shim-killed-'));
  namespaces = Array.from({ length: 120 }, (_, at) => `killed-${at}`);
  server = await TestWorkflowEnvironment.createLocal({
    server: {
      executable: { type: 'existing-path', path: ensureBinary('temporal') },
      searchAttributes: Object.entries(registeredAttributes).map(([name, type]) => defineSearchAttributeKey(name, type === 'Int' ? SearchAttributeType.INT : SearchAttributeType.KEYWORD)),
      extraArgs: namespaces.flatMap((namespace) => ['--namespace', namespace]),
    },
  });
});
afterAll(async () => {
  await server.teardown();
  rmSync(folder, { recursive: true, force: true });
});

function run(fate: Fate, dieAt?: string): Promise<KilledExperiment> {
  const namespace = namespaces.shift();
  if (namespace === undefined) throw new Error('there are more calls than namespaces');
  mkdirSync(join(folder, namespace));
  return runKilled({ connection: server.connection, address: server.address, namespace, folder: join(folder, namespace), fate, ...(dieAt ? { dieAt } : {}) });
}

async function runEach(fate: Fate, calls: readonly string[]): Promise<{ dieAt: string; ended: KilledExperiment }[]> {
  const left = [...calls];
  const ends: { dieAt: string; ended: KilledExperiment }[] = [];
  const one = async (): Promise<void> => {
    for (let dieAt = left.shift(); dieAt !== undefined; dieAt = left.shift()) ends.push({ dieAt, ended: await run(fate, dieAt) });
  };
  await Promise.all(Array.from({ length: atOnce }, one));
  return ends;
}

const outcomes: Record<Fate, { conclusion: string; value: number }> = {
  good: { conclusion: 'kept', value: 0.6 },
  harmful: { conclusion: 'rolled_back', value: 0.75 },
  regressing: { conclusion: 'restored', value: 0.75 },
};

describe('a control worker that is killed before and after each call', () => {
  // Of the others the first steps are the same; these are what they end with.
  it.each<{ fate: Fate; only: RegExp }>([
    { fate: 'regressing', only: /./ },
    { fate: 'harmful', only: /^(restore|readBack|closeAtStatsig|release|learnResult|raiseAlert)#/ },
    { fate: 'good', only: /^(keep|readBack#3)/ },
  ])('leaves a $fate treatment either fully deployed or fully taken back', { timeout: 900_000 }, async ({ fate, only }) => {
    const whole = await run(fate);
    const wanted = outcomes[fate];
    expect(whole).toMatchObject({ conclusion: wanted.conclusion, deaths: 0 });
    const calls = whole.calls.filter((call) => only.test(call) && (!repeated.includes(call.split('#')[0] ?? '') || call.endsWith('#1')));
    console.log(`${fate}: killed before and after ${calls.join(', ')}`);
    const ends = await runEach(fate, calls);
    expect(ends.map(({ dieAt }) => dieAt).toSorted()).toEqual(calls.toSorted());
    // A push to sessions is the parameter's own: the experiment may be over before it is called again, and its second death comes.
    const deathsAt = (dieAt: string): unknown => (dieAt.startsWith('pushParameter') ? expect.toBeOneOf([1, 2]) : 2);
    const wantedEnd = { conclusion: wanted.conclusion, published: wanted.value, held: null, open: null };
    const ended = ends.map(({ dieAt, ended: { conclusion, deaths, published, parameter } }) => ({
      dieAt,
      end: { conclusion, deaths, published: published?.value, held: parameter.holder, open: published?.rollout ?? published?.enrolment ?? parameter.rollout ?? parameter.enrolment },
    }));
    expect(ended).toEqual(ends.map(({ dieAt }) => ({ dieAt, end: { ...wantedEnd, deaths: deathsAt(dieAt) } })));
  });
});
