import { replay } from '../../domain/attempt-replay/replay.js';
import type { Opportunity } from '../../domain/experiments/opportunity.js';
import { lookForOpportunities, type Look, type LookContext } from '../../domain/opportunity-rules/look.js';
import { opportunityRules } from '../../domain/opportunity-rules/rules.js';
import { seededRandom } from '../../domain/statistics/seeded-random.js';
import { SHIMMetrics } from '../metrics-registry.js';
import type { MeasuredWindow, MetricsSource } from '../metrics-source/metrics-source.js';
import { RegistrySource } from '../metrics-source/registry-source.js';

const hourMs = 3_600_000;

/** The same records give the same replay. */
const replaySeed = 20_261_125;

/** A look: what the rules go by, and when and how far back it is made. Durations in ms. */
export interface DetectorOptions extends LookContext {
  /** The rules' window, and the one before it that they may compare with. */
  windowMs: number;
  /** Where the window ends, Unix ms. */
  nowMs: () => number;
}

export const defaultDetectorOptions: DetectorOptions = {
  parameters: {},
  // A false-discovery rate of .05 over fifty experiments a year.
  alpha: 0.001,
  bounds: { crashRate: { max: 0.1 }, checkpointTime: { max: 100 }, resumeSuccessRate: { min: 0.9 }, tokenCost: { maxIncrease: 0.2 } },
  minimumSessions: 50,
  staleAfterMs: 48 * hourMs,
  longestMs: null,
  enrolling: { ramp: [0.2, 0.5, 1], unitsPerStep: 50, horizonMs: 24 * hourMs },
  windowMs: 14 * 24 * hourMs,
  nowMs: Date.now,
};

/** Finds what an experiment may improve, by the rules of domain/opportunity-rules. It remembers nothing: what is open or cooling down is told to it. */
export class OpportunityDetector {
  private readonly source: MetricsSource;
  private readonly options: DetectorOptions;

  /** @param source a process's own metrics, or another source of them. */
  constructor(source: SHIMMetrics | MetricsSource, options: Partial<DetectorOptions> = {}) {
    this.source = source instanceof SHIMMetrics ? new RegistrySource(source) : source;
    this.options = { ...defaultDetectorOptions, ...options };
  }

  /** @throws MetricsSourceError, or what the store throws, where the source could not be asked. */
  async detectOpportunities(): Promise<Opportunity[]> {
    return (await this.look()).found;
  }

  /** What the rules found, and for each other one why it did not. @param changes of the options, for this look. @throws as detectOpportunities. */
  async look(changes: Partial<DetectorOptions> = {}): Promise<Look> {
    const { windowMs, nowMs, ...context } = { ...this.options, ...changes };
    // Exclusive: what came this very millisecond is part of it.
    const untilMs = nowMs() + 1;
    const now = await this.source.measure({ fromMs: untilMs - windowMs, untilMs });
    const before = await this.source.measure({ fromMs: untilMs - 2 * windowMs, untilMs: untilMs - windowMs });
    const look = lookForOpportunities(opportunityRules, { now, before: before.newestAtMs === null ? null : before }, context);
    return this.withReplays(look, { fromMs: untilMs - windowMs, untilMs });
  }

  private async withReplays(look: Look, window: MeasuredWindow): Promise<Look> {
    const opportunities = [...look.found, ...look.notFound.flatMap(({ opportunity }) => opportunity ?? [])];
    if (!this.source.recorded || opportunities.length === 0) return look;
    const records = await this.source.recorded(window);
    const replayed = (opportunity: Opportunity): Opportunity => {
      const { parameter, currentValue: current, proposedValue: proposed } = opportunity;
      const found = replay(parameter, { current, proposed }, records, seededRandom(replaySeed));
      return found === null ? opportunity : { ...opportunity, replay: found };
    };
    return { found: look.found.map(replayed), notFound: look.notFound.map((one) => (one.opportunity ? { ...one, opportunity: replayed(one.opportunity) } : one)) };
  }
}
