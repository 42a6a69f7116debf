import { html, raw } from 'hono/html';
import { metrics } from '../../domain/experiments/metric.js';
import type { PulseArm } from '../../analytics/statsig/experiment-results.js';
import type { ExperimentLook, ExperimentStatus } from '../../domain/experiments/experiment.js';
import type { Arms } from '../../domain/statistics/interval.js';
import { formatDuration } from '../../domain/duration.js';
import { moment } from '../../domain/moment.js';
import { drawDifference, drawEvidence } from './evidence-chart.js';
import { formatDifference, formatInterval, formatMetric } from '../../domain/experiments/format-metric.js';
import { formatTimes, isDeployed, plainVerdict, valueOf } from './plain-verdict.js';

const style = `
:root{color-scheme:light dark;--text:#1f2328;--muted:#59636e;--line:#d1d9e0;--card:#f6f8fa}
@media (prefers-color-scheme:dark){:root{--text:#e6edf3;--muted:#9198a1;--line:#3d444d;--card:#151b23}body{background:#0d1117}}
body{font:16px/1.5 system-ui,sans-serif;max-width:760px;margin:2rem auto;padding:0 1rem;color:var(--text)}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem}table{border-collapse:collapse;display:block;overflow-x:auto}
th,td{text-align:left;padding:.3rem 1.2rem .3rem 0;border-bottom:1px solid var(--line);vertical-align:top}
.verdict{border-left:6px solid #6e7781;background:var(--card);padding:.8rem 1rem}
.kept{border-color:#1a7f37}.rolled_back,.restored{border-color:#cf222e}.no_evidence,.aborted,.refused{border-color:#9a6700}
.muted{color:var(--muted)}figure{margin:0 0 1.5rem}
.chart{overflow-x:auto}svg{width:100%;min-width:540px;height:auto}svg text{fill:var(--text)}
svg .role-axis-grid line{stroke:var(--line)}svg .role-axis-domain line,svg .role-axis-tick line,svg .role-mark line{stroke:var(--muted)}svg path.background{stroke:var(--line)}
td.muted{white-space:nowrap}
@media (max-width:30rem){body{margin:1rem auto}table{font-size:.85rem}th,td{padding-right:.6rem}
.told th{display:none}.told tr{display:block;border-bottom:1px solid var(--line)}.told td{display:inline-block;border:0;padding-bottom:0}.told td:last-child{display:block;padding-bottom:.3rem}}`;

/**
 * A report of one experiment as an HTML page that needs nothing beside it: verdict in plain words, arms, evidence over time,
 * guardrails, decisions.
 *
 * @param looks as they were recorded, oldest first. @param pulse what Statsig's Pulse says, for a cross-check; null where it says nothing. @param nowMs Unix ms, of the report.
 */
export async function renderExperimentPage(status: ExperimentStatus, looks: readonly ExperimentLook[], pulse: Arms<PulseArm> | null, nowMs: number): Promise<string> {
  const { plan, conclusion, phase, look } = status;
  // What was deployed is looked at for harm alone: what decided on it is the last look at the experiment itself.
  const decisive = isDeployed(status) ? (looks.at(-1) ?? look) : look;
  const { unit, description } = metrics[plan.metric];
  const [evidence, difference] = looks.length === 0 ? [null, null] : await Promise.all([drawEvidence(looks), drawDifference(looks, unit)]);
  const page = await html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${plan.id}</title>
        <style>
          ${raw(style)}
        </style>
      </head>
      <body>
        <h1>${plan.parameter}: ${String(plan.control)} or ${String(plan.treatment)}?</h1>
        <p class="muted">${plan.id}, ${conclusion ?? phase}. Begun ${moment(status.startedAtMs)}; this report is of ${moment(nowMs)}. Times are UTC.</p>
        <p class="verdict ${conclusion ?? 'open'}">${plainVerdict(status)}</p>

        <h2>Hypothesis</h2>
        <p>${plan.hypothesis}</p>

        <h2>Arms</h2>
        ${decisive === null ? html`<p>No session has matured yet.</p>` : armsTable(status, decisive)}
        <p class="muted">Judged by: ${description}; less is better. A session counts ${formatDuration(plan.horizonMs)} after it was given its value, whatever happened since.</p>

        <h2>Evidence over time</h2>
        ${evidence === null ? html`<p>There was no look yet.</p>` : html`<figure><div class="chart">${raw(evidence)}</div><figcaption class="muted">The e-value (line) and the boundary it has to reach (dashed): how many times as likely the data are under some difference as under none. It may be looked at any time.</figcaption></figure>`}
        ${difference === null ? '' : html`<figure><div class="chart">${raw(difference)}</div><figcaption class="muted">The difference, and the interval that holds it at all times at once.</figcaption></figure>`}

        ${isDeployed(status) && look !== null ? html`<h2>Since the deploy</h2>${armsTable(status, look)}` : ''}

        ${pulse === null ? '' : pulseTable(pulse, decisive)}

        <h2>Guardrails</h2>
        ${look === null ? html`<p>Not judged yet.</p>` : guardrailTable(look)}

        <h2>Decisions</h2>
        <table class="told">
          ${status.events.map(({ atMs, phase, what }) => html`<tr><td class="muted">${moment(atMs)}</td><td>${phase}</td><td>${what}</td></tr>`)}
        </table>

        <h2>How it was planned</h2>
        <table>
          ${planRows(status).map(([key, value]) => html`<tr><th>${key}</th><td>${value}</td></tr>`)}
        </table>
        <p class="muted">Sessions that share an account share its limits, and so are not quite independent: a treatment that uses less of a limit helps control's sessions too, which makes a difference look smaller than it is.</p>
      </body>
    </html>`;
  return page.toString();
}

function armsTable({ plan }: ExperimentStatus, look: ExperimentLook) {
  const { unit } = metrics[plan.metric];
  const rows = (['control', 'treatment'] as const).map((arm) => {
    const totals = look.arms[arm];
    return html`<tr><th>${arm}</th><td>${String(plan[arm])}</td><td>${totals.units}</td><td>${valueOf(totals, plan)}</td><td>${totals.unreported}</td></tr>`;
  });
  const difference = look.difference === null ? 'not known yet' : `${formatDifference(look.difference, unit)}, between ${formatInterval(look.interval, unit)}`;
  return html`<table>
      <tr><th>arm</th><th>${plan.parameter}</th><th>sessions</th><th>${plan.metric.replaceAll('_', ' ')}</th><th>no report</th></tr>
      ${rows}
    </table>
    <p>Treatment less control: ${difference}. Sample ratio: p = ${look.sampleRatio.pValue.toPrecision(2)}${look.sampleRatio.mismatch ? ' (a mismatch: nothing can be concluded)' : ' (the arms are as even as chance has it)'}. Not matured yet: ${look.immature} sessions.</p>`;
}

function pulseTable(pulse: Arms<PulseArm>, look: ExperimentLook | null) {
  const rows = (['control', 'treatment'] as const).map((arm) => {
    const crashes = look?.arms[arm].crashes ?? { successes: 0, trials: 0 };
    const ours = crashes.trials === 0 ? 'none yet' : formatMetric(crashes.successes / crashes.trials, 'ratio');
    return html`<tr><th>${arm}</th><td>${pulse[arm].units}</td><td>${pulse[arm].units === 0 ? 'none yet' : formatMetric(pulse[arm].crashRate, 'ratio')}</td><td>${crashes.trials}</td><td>${ours}</td></tr>`;
  });
  return html`<h2>What Statsig's Pulse says</h2>
    <table>
      <tr><th>arm</th><th>sessions, Pulse</th><th>crash rate, Pulse</th><th>sessions, ours</th><th>crash rate, ours</th></tr>
      ${rows}
    </table>
    <p class="muted">A cross-check that decides nothing. Pulse counts sessions that were exposed, matured or not, with all their crashes since; in the cloud it is a day old.</p>`;
}

function guardrailTable(look: ExperimentLook) {
  if (look.findings.length === 0) return html`<p>There were no bounds to judge by.</p>`;
  return html`<table class="told">
    <tr><th>bound</th><th>arm</th><th>verdict</th><th>seen</th></tr>
    ${look.findings.map(({ bound, arm, verdict, message }) => html`<tr><td>${bound}</td><td>${arm}</td><td>${verdict}</td><td>${message}</td></tr>`)}
  </table>
  <p class="muted">Insufficient: shown neither to be kept nor to be broken. A bound that control breaks is no treatment's doing; the treatment is then held against control.</p>`;
}

function planRows({ plan }: ExperimentStatus): [string, string][] {
  return [
    ['level', `${plan.alpha.toPrecision(3)}, experiment ${plan.index} of its scope: an e-value of ${formatTimes(-Math.log(plan.alpha))} decides`],
    ['sessions', `${plan.plannedUnits} in both arms`],
    ['ramp', plan.ramp.map((share) => `${Math.round(share * 100)} %`).join(', ')],
    ['deadline', `${formatDuration(plan.deadlineMs)} after its start`],
    ['after a deploy', `${Math.round(plan.holdback * 100)} % of the sessions keep ${plan.control} for ${formatDuration(plan.monitorMs)}`],
  ];
}

