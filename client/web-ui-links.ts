/** What people ask the list of workflows, and the query that answers it. */
const queries = {
  sessions: "WorkflowType = 'superviseSession' AND ExecutionStatus = 'Running'",
  failed: "ShimState = 'failed' AND ExecutionStatus = 'Running'",
  waiting: "ShimState IN ('waiting_for_limit', 'backing_off', 'waiting_for_host', 'waiting_for_session') AND ExecutionStatus = 'Running'",
  paused: "ShimState = 'paused' AND ExecutionStatus = 'Running'",
  fleets: "WorkflowType = 'superviseFleet'",
  experiments: "WorkflowType = 'runExperiment'",
} as const;

export type WebUiQuestion = keyof typeof queries;

/** A page of the Web UI for each question. @param uiUrl base address, without a slash at its end. */
export function webUiLinks(uiUrl: string, namespace: string): Record<WebUiQuestion, string> {
  const link = (query: string) => `${uiUrl}/namespaces/${encodeURIComponent(namespace)}/workflows?query=${encoded(query)}`;
  return { sessions: link(queries.sessions), failed: link(queries.failed), waiting: link(queries.waiting), paused: link(queries.paused), fleets: link(queries.fleets), experiments: link(queries.experiments) };
}

/** Without the marks that a shell would take for its own, and at which a terminal ends a link. */
function encoded(query: string): string {
  return encodeURIComponent(query).replace(/['()*!]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`);
}
