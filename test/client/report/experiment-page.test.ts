import { describe, expect, it } from 'vitest';
import { renderExperimentPage } from '../../../client/report/experiment-page.js';
import { aLook, aPlan, aStatus, crashTotals } from '../../support/an-experiment.js';

const plan = aPlan();
const looks = [20, 60, 100].map((units, at) => aLook(plan, crashTotals(units / 2, units), crashTotals(units / 20, units), { logEValue: at * 4 }));
const nowMs = 1_800_000_100_000;

describe('the report of an experiment', () => {
  it('says in plain words what it came to, with the numbers of both arms', async () => {
    const page = await renderExperimentPage(aStatus({ conclusion: 'kept', phase: 'closed', look: looks[2] ?? null }), looks, null, nowMs);
    expect(page).toContain('danger_zone 0.6 instead of 0.75 was better');
    expect(page).toContain('With 0.6: 5 % (100 sessions); with 0.75: 50 % (100 sessions)');
    expect(page).toContain('an e-value of 1,000 decides');
  });

  it('shows of what was deployed the arms that decided, and what came since', async () => {
    const since = aLook(plan, crashTotals(2, 4), crashTotals(1, 40), { logEValue: 0.1 });
    const page = await renderExperimentPage(aStatus({ conclusion: 'kept', phase: 'closed', reason: '0.6 has stood its watch', look: since }), looks, null, nowMs);
    const [decisive, later] = page.split('Since the deploy</h2>');
    expect(decisive).toMatch(/<td>0\.75<\/td><td>100<\/td><td>50 %<\/td>/);
    expect(later).toMatch(/<td>0\.6<\/td><td>40<\/td><td>2\.5 %<\/td>/);
    expect(page).not.toContain('has to reach 1,000');
  });

  it('says of what is being deployed that it was shown to be better, and not of what is taken back', async () => {
    const page = (phase: 'deploying' | 'restoring') => renderExperimentPage(aStatus({ phase, verdict: 'SHIP', look: looks[2] ?? null }), looks, null, nowMs);
    expect(await page('deploying')).toContain('danger_zone 0.6 instead of 0.75 was shown to be better. It is deploying:');
    expect(await page('restoring')).not.toContain('was shown to be better');
  });

  it('shows beside its own crash rates what Pulse says of them, and nothing of Pulse where it says nothing', async () => {
    const status = aStatus({ look: looks[2] ?? null });
    const pulse = { control: { units: 110, crashRate: 0.48 }, treatment: { units: 108, crashRate: 0.06 } };
    const page = await renderExperimentPage(status, looks, pulse, nowMs);
    expect(page).toContain('<tr><th>control</th><td>110</td><td>48 %</td><td>100</td><td>50 %</td></tr>');
    expect(page).toContain('<tr><th>treatment</th><td>108</td><td>6 %</td><td>100</td><td>5 %</td></tr>');
    expect(await renderExperimentPage(status, looks, null, nowMs)).not.toContain('Pulse');
  });

  it('draws the evidence with its boundary, and the difference', async () => {
    const page = await renderExperimentPage(aStatus({ look: looks[2] ?? null }), looks, null, nowMs);
    expect(page.match(/<svg/g)).toHaveLength(2);
    expect(page).toContain('stroke-dasharray="6,4"');
    // In a page that is dark a white picture would be all that one sees.
    expect(page).not.toContain('fill="white"');
    expect(page).toContain('Treatment less control: -45 percentage points, between -');
  });

  it('needs nothing beside it: no script, no style and no picture from elsewhere', async () => {
    const page = await renderExperimentPage(aStatus({ look: looks[2] ?? null }), looks, null, nowMs);
    expect(page.match(/<script|<link|<img|src=|url\(|href="http/g)).toBeNull();
  });

  it('shows hostile text as text', async () => {
    const hostile = '<script>alert(1)</script>';
    const page = await renderExperimentPage(aStatus({ plan: aPlan({ hypothesis: hostile }), reason: hostile, events: [{ atMs: nowMs, phase: 'running', what: hostile }] }), [], null, nowMs);
    expect(page).not.toContain(hostile);
    expect(page.match(/&lt;script&gt;/g)).toHaveLength(3);
  });

  it.each(['waiting_for_approval', 'running', 'paused', 'monitoring', 'restoring'] as const)('can be had before the first look, while it is %s', async (phase) => {
    const page = await renderExperimentPage(aStatus({ phase }), [], null, nowMs);
    expect(page).toContain(`It is ${phase}`);
    expect(page).toContain('No session has matured yet');
  });

  it.each([
    ['rolled_back', 'did harm and was taken back'],
    ['restored', 'counts as refuted'],
    ['no_evidence', 'could not be shown'],
    ['aborted', 'ended before it was decided'],
    ['refused', 'never began'],
  ] as const)('tells the end %s', async (conclusion, words) => {
    expect(await renderExperimentPage(aStatus({ conclusion, phase: 'closed' }), looks, null, nowMs)).toContain(words);
  });
});
