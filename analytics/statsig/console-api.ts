import pRetry from 'p-retry';
import { z } from 'zod';
import { withoutKeys, type StatsigConnection } from './connection.js';
import { exchange, type Answer } from './exchange.js';
import { StatsigRefusedError, StatsigUnavailableError } from './statsig-error.js';

/** Of the Console API. */
const version = '20240601';

/** A page of a list is not longer, and a list has no more pages. */
const pageSize = 100;
const mostPages = 500;

const groupSchema = z.looseObject({ id: z.string(), name: z.string(), size: z.number() });
const experimentSchema = z.looseObject({
  id: z.string(),
  name: z.string(),
  status: z.string(),
  allocation: z.number(),
  groups: z.array(groupSchema),
});

/** An experiment as the Console API tells of it; it has more fields than these. Allocation and sizes are percent. */
export type ConsoleExperiment = z.infer<typeof experimentSchema>;

/** Body of POST /console/v1/experiments. */
export interface ConsoleExperimentToCreate {
  name: string;
  hypothesis: string;
  /** Percent of all units. */
  allocation: number;
  idType: string;
  groups: { name: string; size: number; parameterValues: Record<string, string | number> }[];
  primaryMetrics: readonly { name: string; type: string }[];
}

const exposuresSchema = z.array(z.looseObject({ groupID: z.string(), groupName: z.string(), results: z.array(z.looseObject({ date: z.string(), exposures: z.number() })) }));
export type CumulativeExposures = z.infer<typeof exposuresSchema>;

// The API's schema has camel case, its own example snake case.
const pulseMetricSchema = z
  .record(z.string(), z.unknown())
  .transform((metric) => Object.fromEntries(Object.entries(metric).map(([key, value]) => [key.replaceAll(/_([a-z])/g, (_match, letter: string) => letter.toUpperCase()), value])))
  .pipe(z.looseObject({ metricID: z.string(), testMean: z.number(), controlMean: z.number(), testUnits: z.number(), controlUnits: z.number() }));
const pulseSchema = z.looseObject({ primaryMetrics: z.array(pulseMetricSchema).default([]), secondaryMetrics: z.array(pulseMetricSchema).default([]) });

/**
 * Statsig's own results, a day old in the cloud: for a cross-check. Only counts and means are read: what Statsig calls a standard
 * deviation is a standard error, and its p may be one-sided.
 */
export type PulseResults = z.infer<typeof pulseSchema>;

const configSchema = z.looseObject({ id: z.string(), name: z.string() });
const refusalSchema = z.looseObject({ message: z.union([z.string(), z.array(z.string())]) });

export interface ConsoleApiOptions {
  /** Of one try, ms. */
  timeoutMs?: number;
  /** Tries after the first, where Statsig is away or asks to wait. */
  retries?: number;
  /** Before the first of them, ms; it doubles. */
  backoffMs?: number;
}

/**
 * The part of Statsig's Console API that experiments need. Every call throws StatsigUnavailableError where it may succeed later,
 * once its own tries are used up, and StatsigRefusedError where it will not.
 */
export class ConsoleApi {
  private readonly timeoutMs: number;
  private readonly retries: number;
  private readonly backoffMs: number;

  constructor(
    private readonly connection: StatsigConnection,
    { timeoutMs = 10_000, retries = 4, backoffMs = 250 }: ConsoleApiOptions = {},
  ) {
    this.timeoutMs = timeoutMs;
    this.retries = retries;
    this.backoffMs = backoffMs;
  }

  createExperiment(experiment: ConsoleExperimentToCreate): Promise<ConsoleExperiment> {
    return this.data(experimentSchema, 'POST', '/experiments', experiment);
  }

  experiment(id: string): Promise<ConsoleExperiment> {
    return this.data(experimentSchema, 'GET', pathOf(id));
  }

  /** The experiment of a name; null where there is none. */
  async findExperiment(name: string): Promise<ConsoleExperiment | null> {
    const seen = new Set<string>();
    for (let page = 1; page <= mostPages; page += 1) {
      const listed = await this.data(z.array(experimentSchema), 'GET', `/experiments?limit=${pageSize}&page=${page}`);
      const found = listed.find((experiment) => experiment.name === name);
      if (found) return found;
      // A page that brings nothing new is the end, too: pages may not be what is meant.
      if (listed.length < pageSize || listed.every(({ id }) => seen.has(id))) return null;
      for (const { id } of listed) seen.add(id);
    }
    throw new StatsigUnavailableError(`Statsig lists experiments without an end: ${mostPages} pages, and there are more`);
  }

  async updateExperiment(id: string, changes: { allocation: number }): Promise<void> {
    await this.call('PATCH', pathOf(id), changes);
  }

  async startExperiment(id: string): Promise<void> {
    await this.call('PUT', `${pathOf(id)}/start`);
  }

  /** @param groupId its id, not its name. It cannot be undone. */
  async makeDecision(id: string, groupId: string, decisionReason: string): Promise<void> {
    await this.call('PUT', `${pathOf(id)}/make_decision`, { id: groupId, decisionReason, removeTargeting: false });
  }

  async abandonExperiment(id: string, decisionReason: string): Promise<void> {
    await this.call('PUT', `${pathOf(id)}/abandon`, { decisionReason });
  }

  /** Back to `setup`, with another salt: whoever was assigned is assigned anew. */
  async resetExperiment(id: string): Promise<void> {
    await this.call('PUT', `${pathOf(id)}/reset`);
  }

  /** The kill switch: units of these groups get control's values, and count to no group. */
  async disableGroups(id: string, groupNames: readonly string[]): Promise<void> {
    await this.call('POST', `${pathOf(id)}/disable_groups`, { group_names: groupNames });
  }

  /** @param controlId and testId ids of groups. */
  pulseResults(id: string, controlId: string, testId: string): Promise<PulseResults> {
    return this.data(pulseSchema, 'GET', `${pathOf(id)}/pulse_results?control=${encodeURIComponent(controlId)}&test=${encodeURIComponent(testId)}`);
  }

  /** Units exposed to each group until each day. */
  cumulativeExposures(id: string): Promise<CumulativeExposures> {
    return this.data(exposuresSchema, 'GET', `${pathOf(id)}/cumulative_exposures`);
  }

  /** Sets the value that a dynamic config gives to everybody, and makes the config where there is none. */
  async setDynamicConfig(name: string, defaultValue: Record<string, string | number>): Promise<void> {
    try {
      await this.data(configSchema, 'PATCH', `/dynamic_configs/${encodeURIComponent(name)}`, { defaultValue });
    } catch (error) {
      if (!(error instanceof StatsigRefusedError && error.status === 404)) throw error;
      await this.data(configSchema, 'POST', '/dynamic_configs', { name, defaultValue, isEnabled: true });
    }
  }

  private async data<T>(schema: z.ZodType<T>, method: string, path: string, body?: unknown): Promise<T> {
    const parsed = z.looseObject({ data: schema }).safeParse(await this.call(method, path, body));
    if (!parsed.success) throw new StatsigUnavailableError(`Statsig answered ${method} ${withoutQuery(path)} with what is not understood`, { cause: parsed.error });
    return parsed.data.data;
  }

  /** @returns the body of the answer. */
  private call(method: string, path: string, body?: unknown): Promise<unknown> {
    return pRetry(() => this.callOnce(method, path, body), {
      retries: this.retries,
      minTimeout: this.backoffMs,
      shouldRetry: ({ error }) => error instanceof StatsigUnavailableError,
    });
  }

  private async callOnce(method: string, path: string, body: unknown): Promise<unknown> {
    const what = `${method} ${withoutQuery(path)}`;
    const { status, text } = await this.ask(method, path, body, what);
    let answer: unknown;
    try {
      answer = JSON.parse(text);
    } catch (error) {
      throw new StatsigUnavailableError(`Statsig answered ${what} with ${status} and no JSON`, { cause: error });
    }
    if (status >= 200 && status < 300) return answer;
    const message = withoutKeys(messageOf(answer), this.connection);
    if (status === 408 || status === 429 || status < 400 || status >= 500) throw new StatsigUnavailableError(`Statsig answered ${what} with ${status}: ${message}`);
    throw new StatsigRefusedError(status, `Statsig refused ${what} with ${status}: ${message}`);
  }

  private async ask(method: string, path: string, body: unknown, what: string): Promise<Answer> {
    const { address, consoleKey } = this.connection;
    try {
      const headers = { 'STATSIG-API-KEY': consoleKey, 'STATSIG-API-VERSION': version, 'content-type': 'application/json' };
      return await exchange(`${address}/console/v1${path}`, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) }, this.timeoutMs);
    } catch (error) {
      throw new StatsigUnavailableError(`Statsig did not answer ${what}`, { cause: error });
    }
  }
}

function pathOf(id: string): string {
  return `/experiments/${encodeURIComponent(id)}`;
}

function withoutQuery(path: string): string {
  return path.split('?')[0] ?? path;
}

function messageOf(answer: unknown): string {
  const parsed = refusalSchema.safeParse(answer);
  if (!parsed.success) return 'no reason given';
  return typeof parsed.data.message === 'string' ? parsed.data.message : parsed.data.message.join('; ');
}
