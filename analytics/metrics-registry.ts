import { EventEmitter } from 'node:events';
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import type { AttemptReport } from '../domain/attempt.js';
import { budgetScopes, type BudgetScope } from '../domain/budget.js';
import { countPrediction, noPredictions, scorePredictions } from '../domain/crash-prediction.js';
import { countsAsFailure } from '../domain/exit-class.js';
import { verificationResults, type VerificationResult } from '../domain/checkpoint.js';
import { checkpointTimeBoundsMs } from '../domain/checkpoint-times.js';
import { experimentConclusions, type ExperimentConclusion } from '../domain/experiments/experiment.js';
import { monitorBoundsMs, restartBoundsMs } from '../domain/opportunity-rules/measurements.js';
import { resumeStrategies } from '../domain/parameters.js';
import type { ParameterName, ParameterValue } from '../domain/parameter-table.js';
import type { ResumeReceipt } from '../domain/receipt.js';
import { safetyBoundsSchema, type BoundName } from '../domain/safety-bounds.js';
import { writerEvidences, type WriterEvidence } from '../domain/second-writer.js';
import { metricNames as names } from './metric-names.js';
import { MetricsServer } from './metrics-server.js';
import type { Samples } from './metrics-source/sampled-measurements.js';
import { SessionCounters } from './session-counters.js';

export interface SHIMMetricsEvents {
  crash_detected: [report: AttemptReport];
}

const inSeconds = (boundsMs: readonly number[]) => boundsMs.map((bound) => bound / 1_000);
/** A label has at most this many values; what comes later is `other`. */
const mostErrorTypes = 50;

/**
 * Between two samples of the event loop, ms, which Node counts as part of each delay. Every sample wakes the process up: at
 * prom-client's own 10 ms that is most of what a worker costs with nothing to do.
 */
export const eventLoopSampleMs = 100;

/** Of Node's own metrics: each scrape begins a new sample of the event loop, and of an empty one these tell no number that was measured. */
const unmeasuredAtFirst = ['nodejs_eventloop_lag_min_seconds', 'nodejs_eventloop_lag_mean_seconds', 'nodejs_eventloop_lag_stddev_seconds'];

/**
 * SHIM's metrics. A gauge that nothing has been measured for is absent, never 0. Names follow Prometheus' conventions:
 * base units, `_total` for counters; no label has an unbounded set of values.
 */
export class SHIMMetrics extends EventEmitter<SHIMMetricsEvents> {
  /** For metrics that are counted elsewhere. */
  readonly registry = new Registry();
  private readonly server = new MetricsServer(this.registry.contentType, () => this.render());
  private readonly errorTypes = new Set<string>();
  private predictions = noPredictions;
  private attempts = 0;
  private crashes = 0;
  private resumes = { tried: 0, succeeded: 0 };

  private readonly attemptsEnded = this.counter('shim_attempts_ended_total', 'Attempts that ended, by exit class and agent', ['exit_class', 'agent']);
  private readonly restarts = this.counter('shim_restarts_total', 'Attempts begun after an earlier one of their session');
  private readonly adoptions = this.counter('shim_adoptions_total', 'Living attempts taken over from an earlier worker');
  private readonly resumesByResult = this.counter(names.resumes, 'Resumes, by the rung used and whether the attempt came to run', ['strategy', 'result']);
  private readonly tokenSavings = this.counter('shim_token_savings_total', 'Input tokens that a fresh start would have cost, less those of the resume');
  private readonly errors = this.counter('shim_errors_total', 'Faults that did not stop a session, by type', ['type']);
  private readonly checkpointFailures = this.counter('shim_checkpoint_failures_total', 'Checkpoints that could not be made');
  private readonly notices = this.counter('shim_notices_total', 'Notices by type of channel and whether it took them', ['channel', 'result']);
  private readonly verifications = this.counter('shim_checkpoint_verifications_total', 'Checkpoints that were restored into a scratch folder to prove them, by what came of it', ['result']);
  private readonly secondWriters = this.counter('shim_second_writers_total', 'Other processes seen on the conversation or tree of a running session, by what showed it', ['evidence']);
  private readonly lastVerified = this.gauge('shim_checkpoint_last_verified_timestamp_seconds', 'When a checkpoint was last proved whole, Unix time');
  private readonly budgetWarnings = this.counter('shim_budget_warnings_total', 'Attempts in which 80 % of a budget were spent, by whose budget', ['scope']);
  private readonly budgetPauses = this.counter('shim_budget_pauses_total', 'Attempts that were ended because a budget was used up, by whose budget', ['scope']);
  private readonly checkpointSeconds = this.histogram(names.checkpointSeconds, 'Time to make a checkpoint durable', inSeconds(checkpointTimeBoundsMs));
  private readonly checkpointBytes = this.histogram('shim_checkpoint_bytes', 'Size of a manifest; objects and segments are shared', [1e3, 2e3, 5e3, 1e4, 2.5e4, 5e4, 1e5]);
  private readonly recoverySeconds = this.histogram('shim_crash_recovery_duration_seconds', "From a crash to the successor's first event", inSeconds(restartBoundsMs));
  private readonly restartSeconds = this.histogram(names.restartSeconds, "From the end of an attempt to its successor's first event", inSeconds(restartBoundsMs));
  private readonly monitorSeconds = this.histogram(names.monitorSeconds, 'One look at all live attempts', inSeconds(monitorBoundsMs));
  private readonly bySession = new SessionCounters(this.registry);
  private readonly predictionsMade = this.counter(names.predictions, 'Attempts by whether they were in danger 60 s before the end, and whether they crashed', ['foretold', 'crashed']);
  private readonly outcomesRecorded = this.counter('shim_outcomes_recorded_total', 'Outcomes of attempts that the store took in');
  private readonly experimentsConcluded = this.counter('shim_experiments_concluded_total', 'Experiments that closed, by how', ['conclusion']);
  private readonly safetyViolations = this.counter('shim_safety_violations_total', 'Bounds that were shown to be violated', ['bound']);
  private readonly parameterValues = this.gauge('shim_parameter_value', "What sessions are given, in the parameter's own unit", ['parameter']);
  private readonly experimentEvidence = this.gauge('shim_experiment_log_evalue', 'Natural logarithm of the e-value of the experiment that is running', ['parameter']);
  private readonly experimentsOpen = this.gauge('shim_experiments_open', 'Experiments that are open, those included that watch what they deployed');
  private readonly statsigOwed = this.gauge('shim_statsig_owed_events', 'What Statsig is yet to be told');

  /** When it began to count, and when an attempt was last counted (null: never), Unix ms. */
  readonly startedAtMs = Date.now();
  private countedAtMs: number | null = null;

  /** @param options.temporalMetricsUrl where the Temporal SDK serves its own metrics; they are passed on with ours. */
  constructor(private readonly options: { temporalMetricsUrl?: string } = {}) {
    super();
    collectDefaultMetrics({ register: this.registry, eventLoopMonitoringPrecision: eventLoopSampleMs });
    for (const name of unmeasuredAtFirst) this.registry.removeSingleMetric(name);
    // Nothing is known to be saved until a stream has told its tokens: absent, not 0.
    this.tokenSavings.remove();
    // A counter that begins with its first count has never risen, to who looks by increase().
    for (const strategy of resumeStrategies) for (const result of ['running', 'failed']) this.resumesByResult.inc({ strategy, result }, 0);
    for (const foretold of ['true', 'false']) for (const crashed of ['true', 'false']) this.predictionsMade.inc({ foretold, crashed }, 0);
    for (const conclusion of experimentConclusions) this.experimentsConcluded.inc({ conclusion }, 0);
    for (const bound of safetyBoundsSchema.keyof().options) this.safetyViolations.inc({ bound }, 0);
    for (const evidence of writerEvidences) this.secondWriters.inc({ evidence }, 0);
    for (const result of verificationResults) this.verifications.inc({ result }, 0);
    for (const counter of [this.budgetWarnings, this.budgetPauses]) for (const scope of budgetScopes) counter.inc({ scope }, 0);
    for (const gauge of [this.experimentsOpen, this.statsigOwed, this.lastVerified]) gauge.remove();
    this.computedGauge('shim_crash_prediction_accuracy_ratio', 'Attempts whose zone 60 s before the end matched their end', () => this.crashPredictionAccuracy);
    this.computedGauge('shim_crash_prediction_precision_ratio', 'Crashed attempts among those in danger 60 s before the end', () => scorePredictions(this.predictions).precision);
    this.computedGauge('shim_crash_prediction_recall_ratio', 'Attempts in danger 60 s before the end among those that crashed', () => scorePredictions(this.predictions).recall);
    this.computedGauge('shim_resume_success_ratio', 'Resumes that came to run', () => (this.resumes.tried === 0 ? undefined : this.resumes.succeeded / this.resumes.tried));
    this.computedGauge('shim_crash_ratio', 'Attempts that ended in a crash', () => this.crashRate);
    const startedMs = performance.now();
    this.computedGauge(names.uptimeSeconds, 'Since this worker started', () => (performance.now() - startedMs) / 1_000);
  }

  /** Share of ended attempts that crashed, ratio 0-1; undefined before any has ended. */
  get crashRate(): number | undefined {
    return this.attempts === 0 ? undefined : this.crashes / this.attempts;
  }

  /** Share of attempts whose risk zone 60 s before the end matched their end, ratio 0-1; undefined before any has foretold something. */
  get crashPredictionAccuracy(): number | undefined {
    return scorePredictions(this.predictions).accuracy;
  }

  /** When an attempt was last counted, Unix ms; null before the first. */
  get lastCountedAtMs(): number | null {
    return this.countedAtMs;
  }

  attemptEnded(report: AttemptReport, agent: string): void {
    this.countedAtMs = Date.now();
    this.bySession.attemptEnded(report, agent);
    this.attemptsEnded.inc({ exit_class: report.exitClass, agent });
    this.foretold(report);
    if (report.exitClass === 'stopped') return;
    this.attempts += 1;
    if (!countsAsFailure(report.exitClass)) return;
    this.crashes += 1;
    this.emit('crash_detected', report);
  }

  /** @param durationMs from the end of the attempt before to the first event of this one. */
  restartCompleted(durationMs: number, afterCrash: boolean): void {
    this.restartSeconds.observe(durationMs / 1_000);
    if (afterCrash) this.recoverySeconds.observe(durationMs / 1_000);
  }

  restartInitiated(): void {
    this.restarts.inc();
  }

  adopted(): void {
    this.adoptions.inc();
  }

  /** @param spentInputTokens input tokens of the attempt before: what a fresh start would spend again; null where unknown. */
  resumed(receipt: ResumeReceipt, spentInputTokens: number | null): void {
    const ran = receipt.timing.endToRunningMs !== null;
    this.resumes = { tried: this.resumes.tried + 1, succeeded: this.resumes.succeeded + (ran ? 1 : 0) };
    this.resumesByResult.inc({ strategy: receipt.strategy, result: ran ? 'running' : 'failed' });
    const paid = receipt.cost.inputTokens;
    if (paid !== null && spentInputTokens !== null && spentInputTokens > paid) this.tokenSavings.inc(spentInputTokens - paid);
  }

  checkpointCreated(durationMs: number, bytes: number): void {
    this.checkpointSeconds.observe(durationMs / 1_000);
    this.checkpointBytes.observe(bytes);
  }

  /** Most of a budget is spent, or all of it. */
  budgetMet(level: 'warning' | 'exceeded', scope: BudgetScope): void {
    (level === 'warning' ? this.budgetWarnings : this.budgetPauses).inc({ scope });
  }

  checkpointFailed(): void {
    this.checkpointFailures.inc();
  }

  /** @param channel the type of it, or `none` where nobody could be told. */
  noticeTold(channel: string, isDelivered: boolean): void {
    this.notices.inc({ channel, result: isDelivered ? 'delivered' : 'failed' });
  }

  secondWriterSeen(evidence: WriterEvidence): void {
    this.secondWriters.inc({ evidence });
  }

  checkpointVerified(result: VerificationResult): void {
    this.verifications.inc({ result });
    if (result === 'whole') this.lastVerified.set(Date.now() / 1_000);
  }

  monitorLooked(durationMs: number): void {
    this.monitorSeconds.observe(durationMs / 1_000);
  }

  /** @param type one of few: a kind of fault, never a name or a message. */
  error(type: string): void {
    if (this.errorTypes.size < mostErrorTypes) this.errorTypes.add(type);
    this.errors.inc({ type: this.errorTypes.has(type) ? type : 'other' });
  }

  /** @param count outcomes that were new to the store. */
  outcomesTaken(count: number): void {
    this.outcomesRecorded.inc(count);
  }

  /** What sessions are given; a value that is no number has no sample. */
  parameterSet(parameter: ParameterName, value: ParameterValue): void {
    if (typeof value === 'number') this.parameterValues.set({ parameter }, value);
    else this.parameterValues.remove({ parameter });
  }

  experimentsAreOpen(count: number): void {
    this.experimentsOpen.set(count);
  }

  experimentConcluded(conclusion: ExperimentConclusion): void {
    this.experimentsConcluded.inc({ conclusion });
  }

  /** @param logEValue of the experiment that has the parameter; null where there is none any more. */
  experimentLooked(parameter: ParameterName, logEValue: number | null): void {
    if (logEValue === null) this.experimentEvidence.remove({ parameter });
    else this.experimentEvidence.set({ parameter }, logEValue);
  }

  safetyViolated(bound: BoundName): void {
    this.safetyViolations.inc({ bound });
  }

  owedToStatsig(count: number): void {
    this.statsigOwed.set(count);
  }

  /** Every series as it is now, by name. */
  async samples(): Promise<Samples> {
    const byName = new Map<string, { labels: Record<string, string>; value: number }[]>();
    for (const { name, values } of await this.registry.getMetricsAsJSON()) {
      for (const sample of values) {
        const labels = Object.fromEntries(Object.entries(sample.labels).map(([label, value]) => [label, String(value)]));
        const key = 'metricName' in sample && typeof sample.metricName === 'string' ? sample.metricName : name;
        const series = byName.get(key);
        if (series) series.push({ labels, value: sample.value });
        else byName.set(key, [{ labels, value: sample.value }]);
      }
    }
    return (name) => byName.get(name) ?? [];
  }

  /** Serves the number of sessions by state, asked for at each scrape. */
  countSessions(count: () => Readonly<Record<string, number>>): void {
    const gauge: Gauge = new Gauge({
      name: 'shim_active_sessions',
      help: 'Sessions with a live attempt on this host, by risk zone',
      labelNames: ['zone'],
      registers: [this.registry],
      collect: () => {
        gauge.reset();
        for (const [zone, sessions] of Object.entries(count())) gauge.set({ zone }, sessions);
      },
    });
  }

  /** The exposition, with the Temporal SDK's own metrics where there are any. */
  async render(): Promise<string> {
    const own = await this.registry.metrics();
    const { temporalMetricsUrl } = this.options;
    if (temporalMetricsUrl === undefined) return own;
    try {
      const response = await fetch(temporalMetricsUrl, { signal: AbortSignal.timeout(1_000) });
      return response.ok ? `${own}${await response.text()}` : own;
    } catch {
      // The SDK serves nothing before its first connection; a scrape then has ours alone.
      return own;
    }
  }

  /**
   * Serves /metrics on the loopback interface.
   *
   * @param port 0 for a free one.
   * @returns the port.
   * @throws if it serves already, or the port is taken.
   */
  async startServer(port: number): Promise<number> {
    return this.server.start(port);
  }

  async stopServer(): Promise<void> {
    await this.server.stop();
  }

  private foretold(report: AttemptReport): void {
    const before = this.predictions;
    this.predictions = countPrediction(before, report);
    if (this.predictions !== before) this.predictionsMade.inc({ foretold: String(report.zoneBeforeEnd === 'danger'), crashed: String(countsAsFailure(report.exitClass)) });
  }

  private counter<L extends string = never>(name: string, help: string, labelNames: L[] = []): Counter<L> {
    return new Counter({ name, help, labelNames, registers: [this.registry] });
  }

  private gauge<L extends string = never>(name: string, help: string, labelNames: L[] = []): Gauge<L> {
    return new Gauge({ name, help, labelNames, registers: [this.registry] });
  }

  private histogram(name: string, help: string, buckets: number[]): Histogram {
    return new Histogram({ name, help, buckets, registers: [this.registry] });
  }

  private computedGauge(name: string, help: string, value: () => number | undefined): void {
    const gauge: Gauge = new Gauge({
      name,
      help,
      registers: [this.registry],
      collect: () => {
        const now = value();
        if (now === undefined) gauge.remove();
        else gauge.set(now);
      },
    });
  }
}
