/** The package's public interface: what a program of one's own may build on. All else may change without notice. */
export { SHIMMetrics, type SHIMMetricsEvents } from './analytics/metrics-registry.js';
export { CheckpointManager, type CheckpointContext, type CheckpointEvents } from './host/checkpoints/checkpoint-manager.js';
export { SupervisorDaemon, type InitStrategy, type SupervisorDaemonEvents } from './host/supervisor-daemon.js';
export type { HostContext, HostEvents } from './host/host-context.js';
export type { Delivery, Reports } from './host/reports.js';
export { ShimClient, sessionCommands, type SessionCommand } from './client/shim-client.js';
export { CommandRefusedError, DuplicateSessionError, NoSuchSessionError, NoWorkerError, ShimDownError, WaitTimeoutError } from './client/errors.js';
export type { CommandInput, CommandResult, EndedAttempt, HostStatus, RunningAttempt, SessionStatus } from './workflows/messages.js';
export type { AttemptKey, AttemptReport } from './domain/attempt.js';
export type { CheckpointManifest, CheckpointRef, CheckpointTrigger } from './domain/checkpoint.js';
export type { ExitClass } from './domain/exit-class.js';
export type { Parameters, ResumeStrategy } from './domain/parameters.js';
export type { Fidelity, ProofOfDeath, ResumeReceipt } from './domain/receipt.js';
export type { RestartPolicy } from './domain/restart-policy.js';
export type { Risk, RiskZone } from './domain/risk.js';
export type { AgentKind, SessionLimits, SessionSpec, SessionState } from './domain/session.js';
export type { PendingOperation, Signals } from './domain/signals.js';
