import { dashboardOf, type PanelSpec } from './panels.js';

const now: PanelSpec[] = [
  { kind: 'stat', title: 'Sessions running', description: 'Open sessions whose agent has shown a sign of life.', unit: 'short', thresholds: { warning: 1_000, bad: 5_000 }, width: 4, height: 4, queries: [{ expr: 'shim:open_sessions{state="running"}', legend: 'running' }] },
  { kind: 'stat', title: 'Failed', description: 'Sessions that have given up and wait for a person: shim status, shim why NAME.', unit: 'short', thresholds: { warning: 1, bad: 1 }, width: 4, height: 4, queries: [{ expr: 'shim:open_sessions{state="failed"}', legend: 'failed' }] },
  { kind: 'stat', title: 'Waiting for a limit', description: 'Sessions that wait until a limit of their account is over.', unit: 'short', thresholds: { warning: 1, bad: 50 }, width: 4, height: 4, queries: [{ expr: 'shim:open_sessions{state="waiting_for_limit"}', legend: 'waiting' }] },
  { kind: 'stat', title: 'Hosts up', description: 'Share of host workers that answered the last scrape.', unit: 'percentunit', thresholds: { warning: 1, bad: 0.5, rising: false }, width: 4, height: 4, queries: [{ expr: 'avg(up{job="shim",worker="host"})', legend: 'up' }] },
  { kind: 'stat', title: 'Sessions in danger', description: 'Live attempts in the danger zone: a full context, many failed tools, long without a checkpoint.', unit: 'short', thresholds: { warning: 1, bad: 20 }, width: 4, height: 4, queries: [{ expr: 'sum(shim_active_sessions{zone="danger"})', legend: 'danger' }] },
  { kind: 'stat', title: 'Free disk', description: 'Least room, as a share of the disk, under any host’s SHIM folder.', unit: 'percentunit', thresholds: { warning: 0.2, bad: 0.1, rising: false }, width: 4, height: 4, queries: [{ expr: 'min(shim:home_free_ratio)', legend: 'free' }] },
];

const sessions: PanelSpec[] = [
  { kind: 'timeseries', title: 'Sessions by state', description: 'Open sessions of all hosts, by state.', unit: 'short', thresholds: { warning: 1_000, bad: 5_000 }, width: 12, queries: [{ expr: 'shim:open_sessions', legend: '{{state}}' }] },
  { kind: 'timeseries', title: 'Ends of attempts', description: 'Attempts that ended in five minutes, by exit class.', unit: 'short', thresholds: { warning: 10, bad: 50 }, width: 12, queries: [{ expr: 'sum by (exit_class) (increase(shim_attempts_ended_total[5m]))', legend: '{{exit_class}}' }] },
  { kind: 'timeseries', title: 'Crashed sessions', description: 'Share of the sessions of the last hour with at least one crash; the bound is 10 %.', unit: 'percentunit', thresholds: { warning: 0.05, bad: 0.1 }, queries: [{ expr: 'shim:session_crash_ratio:1h', legend: 'crashed' }] },
  { kind: 'timeseries', title: 'Resumes that came to run', description: 'Share of the resumes of the last hour whose agent showed a sign of life; the bound is 90 %.', unit: 'percentunit', thresholds: { warning: 0.95, bad: 0.9, rising: false }, queries: [{ expr: 'shim:resume_success_ratio:1h', legend: 'resumed' }] },
  { kind: 'timeseries', title: 'Risk', description: 'Live attempts by risk zone.', unit: 'short', thresholds: { warning: 10, bad: 50 }, queries: [{ expr: 'sum by (zone) (shim_active_sessions)', legend: '{{zone}}' }] },
];

const speed: PanelSpec[] = [
  { kind: 'timeseries', title: 'Restart', description: 'From an end to the successor’s first event: median and 95th percentile of half an hour.', unit: 's', thresholds: { warning: 2, bad: 10 }, queries: [{ expr: 'histogram_quantile(0.5, sum by (le) (rate(shim_supervisor_restart_duration_seconds_bucket[30m])))', legend: 'p50' }, { expr: 'shim:restart_duration_seconds:p95_30m', legend: 'p95' }] },
  { kind: 'timeseries', title: 'Checkpoint', description: 'Until a checkpoint is durable: median and 95th percentile of half an hour; the bound is 100 ms.', unit: 's', thresholds: { warning: 0.08, bad: 0.1 }, queries: [{ expr: 'histogram_quantile(0.5, sum by (le) (rate(shim_checkpoint_duration_seconds_bucket[30m])))', legend: 'p50' }, { expr: 'shim:checkpoint_duration_seconds:p95_30m', legend: 'p95' }] },
  { kind: 'timeseries', title: 'Tokens an hour', description: 'Input and output tokens of all sessions, by their agents’ own account.', unit: 'short', thresholds: { warning: 1e7, bad: 1e8 }, queries: [{ expr: 'shim:tokens:increase1h', legend: 'tokens' }] },
  { kind: 'timeseries', title: 'Watching', description: 'One look of a host worker at all its live attempts: 95th percentile.', unit: 's', thresholds: { warning: 0.025, bad: 0.1 }, queries: [{ expr: 'histogram_quantile(0.95, sum by (le, host) (rate(shim_process_monitor_latency_seconds_bucket[5m])))', legend: '{{host}}' }] },
  { kind: 'timeseries', title: 'Faults that stopped nothing', description: 'Faults of SHIM’s own work that no session was stopped by, in five minutes, by type; their text is in the host worker’s log.', unit: 'short', thresholds: { warning: 1, bad: 10 }, queries: [{ expr: 'sum by (type) (increase(shim_errors_total[5m])) or vector(0)', legend: '{{type}}' }] },
  { kind: 'timeseries', title: 'Checkpoints that could not be made', description: 'In five minutes, by host.', unit: 'short', thresholds: { warning: 1, bad: 5 }, queries: [{ expr: 'sum by (host) (increase(shim_checkpoint_failures_total[5m]))', legend: '{{host}}' }] },
];

/** All sessions of all hosts. */
export const fleetDashboard = dashboardOf({ uid: 'shim-fleet', title: 'SHIM: fleet', description: 'All sessions of all hosts: how many, how they end, how fast they come back.', refresh: '30s', from: 'now-6h' }, [
  { title: 'Now', panels: now },
  { title: 'Sessions', panels: sessions },
  { title: 'Speed and faults', panels: speed },
]);
