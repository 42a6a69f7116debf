import type { AttemptReport } from '../../../domain/attempt.js';
import type { ResumeReceipt } from '../../../domain/receipt.js';
import { renderPairs } from '../table.js';
import type { SessionRecords } from '../../session-records.js';
import type { SessionView } from '../../session-view.js';
import { describeCause, describeReceipt } from './receipt-text.js';
import { describeState, waysOn } from './state-text.js';

/** The story of a session so far, for `shim why --json`. */
export interface Explanation {
  session: SessionView;
  /** Of the last resume; null where there was none, or the session is another host's. */
  receipt: ResumeReceipt | null;
  /** The last end that no resume has followed yet; null where the last attempt lives, or a receipt tells of its end. */
  lastEnd: AttemptReport | null;
  next: string;
}

/** Gathers what explains a session's state. */
export function explain(view: SessionView, records: SessionRecords | null): Explanation {
  const attempts = records?.attempts ?? [];
  const last = attempts.at(-1);
  return {
    session: view,
    receipt: attempts.findLast((attempt) => attempt.receipt)?.receipt ?? null,
    lastEnd: last?.report ?? null,
    next: waysOn(view),
  };
}

/** The explanation in words: the state in one paragraph, the last end, the last receipt, and what one can do. */
export function renderExplanation({ session, receipt, lastEnd, next }: Explanation, nowMs: number): string {
  const parts = [describeState(session, nowMs)];
  if (lastEnd) parts.push(`Last end (attempt ${lastEnd.epoch}): ${describeCause(lastEnd, nowMs)}.`);
  if (receipt) parts.push(`Last resume (attempt ${receipt.previousEpoch} to ${receipt.epoch}):\n${indent(renderPairs(describeReceipt(receipt, nowMs)))}`);
  else parts.push(session.restarts === 0 ? 'It has not been resumed so far.' : `The receipts are on host ${session.host ?? 'unknown'}; run shim why there.`);
  parts.push(`What now: ${next}`);
  return parts.join('\n\n');
}

function indent(text: string): string {
  return text.replace(/^/gm, '  ');
}
