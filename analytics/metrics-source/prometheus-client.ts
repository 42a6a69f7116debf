import { z } from 'zod';
import { boundedText } from '../bounded-text.js';
import { MetricsSourceError, metricsSourceErrorCodes as codes } from './metrics-source.js';
import type { Sample } from './sampled-measurements.js';

/** Numbers come as text, since JSON has no infinity. */
const sampleSchema = z.object({ metric: z.record(z.string(), z.string()), value: z.tuple([z.number(), z.string()]) });

const answerSchema = z.discriminatedUnion('status', [
  z.object({ status: z.literal('success'), data: z.object({ resultType: z.literal('vector'), result: z.array(sampleSchema) }), warnings: z.array(z.string()).optional() }),
  z.object({ status: z.literal('error'), errorType: z.string(), error: z.string() }),
]);

/** How long an answer may take, ms. */
const patienceMs = 10_000;

/** Instant queries of Prometheus' HTTP API. An answer that is not whole is an error, never a number. */
export class PrometheusClient {
  private readonly queryUrl: string;

  /** @param address as `http://127.0.0.1:9090`; a path before `/api` is kept. */
  constructor(
    private readonly address: string,
    private readonly timeoutMs = patienceMs,
  ) {
    this.queryUrl = `${address.replace(/\/+$/, '')}/api/v1/query`;
  }

  /**
   * An expression's vector at a time (Unix ms); samples that are no finite number are left out: they are unknown.
   *
   * @throws MetricsSourceError
   */
  async query(expression: string, atMs: number): Promise<Sample[]> {
    const answer = answerSchema.safeParse(await this.fetched(expression, atMs));
    if (!answer.success) throw new MetricsSourceError(codes.garbage, `Prometheus at ${this.address} answers what is no answer: ${z.prettifyError(answer.error)}`, { cause: answer.error });
    if (answer.data.status === 'error') throw new MetricsSourceError(codes.refused, `Prometheus at ${this.address} cannot answer: ${answer.data.errorType}: ${answer.data.error}`);
    const { warnings, data } = answer.data;
    // So it tells of parts that it could not read.
    if (warnings && warnings.length > 0) throw new MetricsSourceError(codes.refused, `Prometheus at ${this.address} answers in part: ${warnings.join('; ')}`);
    return data.result.map(({ metric, value }) => ({ labels: metric, value: numberOf(value[1]) })).filter(({ value }) => Number.isFinite(value));
  }

  private async fetched(expression: string, atMs: number): Promise<unknown> {
    let response: Response;
    let text: string;
    try {
      response = await fetch(this.queryUrl, { method: 'POST', body: new URLSearchParams({ query: expression, time: String(atMs / 1_000) }), signal: AbortSignal.timeout(this.timeoutMs) });
      text = await boundedText(response);
    } catch (error) {
      throw new MetricsSourceError(codes.unreachable, `Prometheus at ${this.address} does not answer`, { cause: error });
    }
    try {
      return JSON.parse(text);
    } catch (error) {
      const code = response.ok ? codes.garbage : codes.refused;
      throw new MetricsSourceError(code, `Prometheus at ${this.address} answers ${response.status} and no JSON`, { cause: error });
    }
  }
}

/** Number() takes an empty text for 0. */
function numberOf(text: string): number {
  return text.trim() === '' ? Number.NaN : Number(text);
}
