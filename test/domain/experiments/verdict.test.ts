import { describe, expect, it } from 'vitest';
import { noTotals } from '../../../domain/experiments/arm-totals.js';
import type { ExperimentLook } from '../../../domain/experiments/experiment.js';
import { decideVerdict, failedLooksAllowed, type VerdictContext } from '../../../domain/experiments/verdict.js';
import type { SafetyFinding } from '../../../domain/safety-bounds.js';
import { aPlan } from '../../support/an-experiment.js';

const hour = 3_600_000;
const plan = aPlan({ plannedUnits: 400, staleAfterMs: 24 * hour, deadlineMs: 30 * 24 * hour });
const now = 1_000 * hour;

/** All that a deploy wants. */
function winning(change: Partial<ExperimentLook> = {}): ExperimentLook {
  return {
    atMs: now,
    arms: { control: { ...noTotals, units: 210 }, treatment: { ...noTotals, units: 205 } },
    logEValue: 12,
    logThreshold: -Math.log(0.001),
    difference: -0.06,
    interval: { lower: -0.1, upper: -0.02 },
    better: true,
    findings: [finding('treatment', 'passed')],
    harmed: false,
    sampleRatio: { pValue: 1, mismatch: false },
    immature: 3,
    lastOutcomeAtMs: now - hour,
    ...change,
  };
}

function finding(arm: SafetyFinding['arm'], verdict: SafetyFinding['verdict']): SafetyFinding {
  return { bound: 'crashRate', arm, verdict, kind: 'absolute', limit: 0.1, interval: { lower: 0, upper: 0.09 }, message: `crashRate ${verdict} in ${arm}` };
}

const violated = { findings: [finding('treatment', 'violated')] };
const worse = { harmed: true, better: false, difference: 0.06 };
const mismatch = { sampleRatio: { pValue: 1e-5, mismatch: true } };
const weak = { logEValue: 2 };
const few = { arms: { control: { ...noTotals, units: 100 }, treatment: { ...noTotals, units: 100 } } };
const stale = { lastOutcomeAtMs: now - 30 * hour };
const silent = { lastOutcomeAtMs: now - 80 * hour };

const running: VerdictContext = { nowMs: now, startedAtMs: now - 200 * hour, failedLooks: 0 };
const over: VerdictContext = { ...running, startedAtMs: now - 30 * 24 * hour };
const blind: VerdictContext = { ...running, failedLooks: failedLooksAllowed };

const cases: [string, ExperimentLook | null, VerdictContext, string, RegExp][] = [
  ['evidence, power, a better treatment and passed bounds', winning(), running, 'SHIP', /treatment is better by 6 percentage points, at an e-value of 163000 where 1000 is wanted/],
  ['the same at the deadline', winning(), over, 'SHIP', /better/],
  ['no look yet', null, running, 'CONTINUE', /nothing was looked at yet/],
  ['no look at the deadline', null, over, 'NO_EVIDENCE', /the deadline came: nothing was looked at/],
  ['too few matured units, however strong the evidence', winning(few), running, 'CONTINUE', /200 of 400 units have matured/],
  ['arms that came unevenly, though a mismatch is not shown yet', winning({ arms: { control: { ...noTotals, units: 240 }, treatment: { ...noTotals, units: 180 } } }), running, 'CONTINUE', /the arms came unevenly, 240 and 180 units/],
  ['too little evidence', winning(weak), running, 'CONTINUE', /an e-value of 7.39, where 1000 is wanted/],
  ['too little evidence at the deadline', winning(weak), over, 'NO_EVIDENCE', /the deadline came: an e-value of 7.39/],
  ['evidence of a difference in the wrong direction, not yet harm', winning({ better: false, difference: 0.01 }), running, 'CONTINUE', /treatment is not the better one/],
  ['a bound that is not shown to be kept', winning({ findings: [finding('treatment', 'insufficient')] }), running, 'CONTINUE', /crashRate insufficient in treatment/],
  ['a bound that is not shown to be kept at the deadline', winning({ findings: [finding('treatment', 'insufficient')] }), over, 'NO_EVIDENCE', /deadline/],
  ['a bound that control breaks', winning({ findings: [finding('control', 'violated'), finding('treatment', 'passed')] }), running, 'SHIP', /better/],
  ['a violated bound', winning(violated), running, 'ROLLBACK', /crashRate violated in treatment/],
  ['a metric that got worse', winning(worse), running, 'ROLLBACK', /its metric is higher by 6 percentage points/],
  ['harm before failed looks', winning(violated), blind, 'ROLLBACK', /violated/],
  ['harm before staleness', winning({ ...violated, ...silent }), running, 'ROLLBACK', /violated/],
  ['harm before a sample ratio mismatch', winning({ ...violated, ...mismatch }), running, 'ROLLBACK', /violated/],
  ['harm before the deadline', winning(violated), over, 'ROLLBACK', /violated/],
  ['a failed look', winning(), { ...running, failedLooks: 1 }, 'CONTINUE', /1 looks in a row failed/],
  ['a failed look at the deadline', winning(), { ...over, failedLooks: 1 }, 'NO_EVIDENCE', /failed/],
  ['too many failed looks', winning(), blind, 'NO_EVIDENCE', /12 looks in a row failed/],
  ['failed looks before there was any', null, blind, 'NO_EVIDENCE', /12 looks in a row failed/],
  ['stale telemetry', winning(stale), running, 'CONTINUE', /no outcome of any session came for 1d 6h/],
  ['telemetry that is silent for long', winning(silent), running, 'NO_EVIDENCE', /no outcome of any session came for 3d 8h/],
  ['no outcome ever, just begun', winning({ ...weak, lastOutcomeAtMs: null }), { ...running, startedAtMs: now - hour }, 'CONTINUE', /e-value/],
  ['a sample ratio mismatch', winning(mismatch), running, 'NO_EVIDENCE', /not comparable: 210 and 205 units, p = 0.00001/],
];

describe('a verdict', () => {
  it.each(cases)('on %s', (_name, look, context, verdict, reason) => {
    const decision = decideVerdict(plan, look, context);
    expect(decision.verdict).toBe(verdict);
    expect(decision.reason).toMatch(reason);
  });
});
