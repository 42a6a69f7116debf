import type { AttemptReport } from '../domain/attempt.js';
import type { AttemptFolder } from './attempt-folder.js';
import { Background } from './background.js';
import type { HostContext } from './host-context.js';

/** Sends a report until Temporal has it, or nobody is there to have it. */
export function sendReport(host: HostContext, attempt: AttemptFolder, report: AttemptReport): void {
  new Background(host, report.name).run(
    'send a report',
    host.reports.ended(report, host.detached).then(() => attempt.markReported()),
  );
}
