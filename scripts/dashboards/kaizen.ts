import { AnnotationQueryBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { dashboardOf, prometheus, type PanelSpec } from './panels.js';

const panels: PanelSpec[] = [
  { kind: 'stat', title: 'Experiments open', description: 'Experiments under way, those included that watch what they deployed; at most 5 are tried at once.', unit: 'short', thresholds: { warning: 5, bad: 20 }, width: 6, height: 5, queries: [{ expr: 'max(shim_experiments_open)', legend: 'open' }] },
  { kind: 'stat', title: 'Concluded in 30 days', description: 'Experiments that closed, by how: kept, rolled back, restored after a deploy, without evidence, aborted, refused.', unit: 'short', thresholds: { warning: 50, bad: 100 }, width: 12, height: 5, queries: [{ expr: 'max by (conclusion) (increase(shim_experiments_concluded_total[30d]))', legend: '{{conclusion}}' }] },
  { kind: 'stat', title: 'Owed to Statsig', description: 'Events that Statsig is yet to be told; they wait in the store and lose nothing.', unit: 'short', thresholds: { warning: 100, bad: 1_000 }, width: 6, height: 5, queries: [{ expr: 'max(shim_statsig_owed_events)', legend: 'owed' }] },
  { kind: 'timeseries', title: 'Evidence', description: 'Natural logarithm of the e-value of each experiment. Above ln(1/alpha) of its place in the ledger, 6.9 for 0.001, there is enough to deploy.', unit: 'short', thresholds: { warning: 4.6, bad: 6.9 }, width: 12, queries: [{ expr: 'max by (parameter) (shim_experiment_log_evalue)', legend: '{{parameter}}' }] },
  { kind: 'timeseries', title: 'Parameters', description: 'What sessions are given, each in its own unit (ms, minutes, ratio); marks show deploys that were kept, rollbacks and restores.', unit: 'short', thresholds: { warning: 1e6, bad: 1e7 }, width: 12, queries: [{ expr: 'max by (parameter) (shim_parameter_value)', legend: '{{parameter}}' }] },
  { kind: 'timeseries', title: 'Bounds violated', description: 'Safety bounds that were shown to be violated, in an hour.', unit: 'short', thresholds: { warning: 1, bad: 1 }, queries: [{ expr: 'max by (bound) (increase(shim_safety_violations_total[1h]))', legend: '{{bound}}' }] },
  { kind: 'timeseries', title: 'Outcomes', description: 'Outcomes of attempts that the store took in, in five minutes: without them no experiment learns.', unit: 'short', thresholds: { warning: 1e4, bad: 1e5 }, queries: [{ expr: 'sum(increase(shim_outcomes_recorded_total[5m]))', legend: 'recorded' }] },
  { kind: 'timeseries', title: 'Crash prediction', description: 'Accuracy, precision and recall of the risk zone 60 s before the end, averaged over hosts.', unit: 'percentunit', thresholds: { warning: 0.8, bad: 0.5, rising: false }, queries: [{ expr: 'avg(shim_crash_prediction_accuracy_ratio)', legend: 'accuracy' }, { expr: 'avg(shim_crash_prediction_precision_ratio)', legend: 'precision' }, { expr: 'avg(shim_crash_prediction_recall_ratio)', legend: 'recall' }] },
];

const marks = [
  { name: 'kept', color: 'green' },
  { name: 'rolled_back', color: 'red' },
  { name: 'restored', color: 'orange' },
] as const;

/** Experiments, their evidence, and what they made of the parameters. */
export const kaizenDashboard = dashboardOf({ uid: 'shim-kaizen', title: 'SHIM: kaizen', description: 'Experiments, their evidence, and the parameters over time.', refresh: '1m', from: 'now-7d' }, [{ title: 'The loop', panels }]);
for (const { name, color } of marks) {
  kaizenDashboard.annotation(
    new AnnotationQueryBuilder().name(name.replace('_', ' ')).datasource(prometheus).enable(true).iconColor(color).expr(`max(increase(shim_experiments_concluded_total{conclusion="${name}"}[2m])) > 0`),
  );
}
