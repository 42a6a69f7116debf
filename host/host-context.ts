import type { EventEmitter } from 'node:events';
import type { AttemptReport } from '../domain/attempt.js';
import type { Channel } from '../domain/notice-channels.js';
import type { VerificationResult } from '../domain/checkpoint.js';
import type { SecondWriter } from '../domain/second-writer.js';
import type { ResumeReceipt } from '../domain/receipt.js';
import type { BudgetFinding } from '../domain/budget.js';
import type { CgroupRoot } from './process/cgroup.js';
import type { Reports } from './reports.js';

/** What happens on a host, for metrics and for the supervisor daemon's own events. Durations in ms. */
export interface HostEvents {
  attempt_began: [{ name: string; epoch: number }];
  attempt_adopted: [{ name: string; epoch: number }];
  attempt_running: [{ name: string; epoch: number; sinceSpawnMs: number }];
  attempt_ended: [report: AttemptReport];
  /** Another process works on the conversation or the tree of a running session. */
  second_writer_seen: [{ name: string; writer: SecondWriter }];
  /** A resume is complete as far as it can be told: its receipt has its fidelity. */
  resumed: [receipt: ResumeReceipt];
  checkpoint_created: [{ name: string; id: string; durationMs: number; bytes: number }];
  /** Most of a budget is spent; told once for each attempt. */
  budget_warning: [{ name: string; finding: BudgetFinding }];
  /** A budget is used up: the attempt is ended. */
  budget_exceeded: [{ name: string; finding: BudgetFinding }];
  checkpoint_failed: [{ name: string; reason: string }];
  /** A channel has taken a notice. */
  notice_delivered: [NoticeAbout];
  /** A channel has not taken a notice, and it is tried no more. */
  notice_failed: [NoticeAbout & { problem: string }];
  /** A checkpoint was restored into a scratch folder to prove it; `problem` is null where it is whole. */
  checkpoint_verified: [{ name: string; id: string; result: VerificationResult; problem: string | null }];
  /** Something that does not stop the session but must not go unseen. */
  trouble: [{ name: string | null; what: string; error: unknown }];
}

/** Which notice, through which channel; no channel where the settings cannot be used. */
export interface NoticeAbout {
  id: string;
  session: string;
  channel: string | null;
  type: Channel['type'] | 'none';
}

/** What everything on a host shares. */
export interface HostContext {
  home: string;
  hostId: string;
  bootId: string;
  /** Where attempts get cgroups of their own; null where the machine does not let SHIM make any. */
  cgroups: CgroupRoot | null;
  reports: Reports;
  events: EventEmitter<HostEvents>;
  /** Aborted when the worker lets go of its attempts: they live on, and the next worker adopts them. */
  detached: AbortSignal;
}
