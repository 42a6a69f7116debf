import { QueryVariableBuilder, VariableRefresh } from '@grafana/grafana-foundation-sdk/dashboard';
import { dashboardOf, store, type PanelSpec } from './panels.js';

// Names of sessions are no labels of metrics, for there is no end of them: what is told of one session is asked of the store.
const ofSession = 'session_name = ${session:sqlstring}';

const totals: PanelSpec[] = [
  { kind: 'stat', title: 'Attempts', description: 'Attempts that have ended.', unit: 'short', thresholds: { warning: 5, bad: 20 }, width: 4, height: 4, queries: [], sql: `SELECT count(*) AS attempts FROM outcome WHERE ${ofSession}` },
  { kind: 'stat', title: 'Crashes', description: 'Attempts that ended in a crash.', unit: 'short', thresholds: { warning: 1, bad: 5 }, width: 4, height: 4, queries: [], sql: `SELECT coalesce(sum(crashed), 0) AS crashes FROM outcome WHERE ${ofSession}` },
  { kind: 'stat', title: 'Tokens', description: 'Input and output tokens of all its attempts.', unit: 'short', thresholds: { warning: 1e6, bad: 1e7 }, width: 4, height: 4, queries: [], sql: `SELECT coalesce(sum(input_tokens + output_tokens), 0) AS tokens FROM outcome WHERE ${ofSession}` },
  { kind: 'stat', title: 'Cost', description: 'What its agent told of the cost of all attempts.', unit: 'currencyUSD', thresholds: { warning: 5, bad: 50 }, width: 4, height: 4, queries: [], sql: `SELECT coalesce(sum(cost_usd), 0) AS cost FROM outcome WHERE ${ofSession}` },
  { kind: 'stat', title: 'Work lost', description: 'Time between the last checkpoint and a crash, over all attempts.', unit: 'ms', thresholds: { warning: 60_000, bad: 600_000 }, width: 4, height: 4, queries: [], sql: `SELECT coalesce(sum(work_lost_ms), 0) AS lost FROM outcome WHERE ${ofSession}` },
  { kind: 'stat', title: 'Time down', description: 'Time between an end and the next first event, over all attempts.', unit: 'ms', thresholds: { warning: 60_000, bad: 600_000 }, width: 4, height: 4, queries: [], sql: `SELECT coalesce(sum(downtime_ms), 0) AS down FROM outcome WHERE ${ofSession}` },
];

const attempts: PanelSpec[] = [
  {
    kind: 'table',
    title: 'Attempts',
    description: 'Each attempt that has ended, the newest first: how it began, how it ended, what it cost and what was lost.',
    unit: 'short',
    thresholds: { warning: 1, bad: 1 },
    width: 24,
    height: 12,
    queries: [],
    sql: `SELECT epoch AS attempt, to_timestamp(started_at_ms / 1000.0) AS started, to_timestamp(ended_at_ms / 1000.0) AS ended, exit_class AS "exit class", resume_strategy AS resume, fidelity, downtime_ms AS "down ms", work_lost_ms AS "lost ms", messages, tool_calls AS "tool calls", input_tokens + output_tokens AS tokens, cost_usd AS "USD", max_context_use AS "context use" FROM outcome WHERE ${ofSession} ORDER BY started_at_ms DESC`,
  },
  {
    kind: 'table',
    title: 'Experiments it was in',
    description: 'What the session was given by experiments, and since when.',
    unit: 'short',
    thresholds: { warning: 1, bad: 1 },
    width: 24,
    height: 7,
    queries: [],
    sql: `SELECT a.experiment_id AS experiment, a.parameter, a.arm, a.value, to_timestamp(a.assigned_at_ms / 1000.0) AS assigned FROM assignment a JOIN session_opened s ON s.session_id = a.session_id WHERE s.${ofSession} ORDER BY a.assigned_at_ms DESC`,
  },
];

/** One session, from the outcome store. */
export const sessionDashboard = dashboardOf({ uid: 'shim-session', title: 'SHIM: one session', description: 'What the outcome store (PostgreSQL) knows of one session. For what it does just now: shim status NAME, shim why NAME.', refresh: '1m', from: 'now-7d' }, [
  { title: '$session', panels: totals },
  { title: 'Attempts', panels: attempts },
]).withVariable(new QueryVariableBuilder('session').label('Session').datasource(store).query('SELECT DISTINCT session_name FROM session_opened ORDER BY session_name').refresh(VariableRefresh.OnDashboardLoad));
