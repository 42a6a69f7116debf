import type { Payload, PayloadCodec } from '@temporalio/common';
import { z } from 'zod';

/** A payload as Temporal's codec protocol has it in JSON: bytes as base64 (docs.temporal.io/production-deployment/data-encryption). */
const payloadSchema = z.object({ metadata: z.record(z.string(), z.base64()).default({}), data: z.base64().default('') });
const requestSchema = z.object({ payloads: z.array(payloadSchema).max(10_000) });

type JsonPayload = z.infer<typeof payloadSchema>;

/** Answers one request of the protocol. @throws ZodError where it is none; what the codec throws. */
export async function answerCodecRequest(codec: PayloadCodec, direction: 'encode' | 'decode', body: unknown): Promise<{ payloads: JsonPayload[] }> {
  const payloads = requestSchema.parse(body).payloads.map(fromJson);
  return { payloads: (await codec[direction](payloads)).map(toJson) };
}

function fromJson({ metadata, data }: JsonPayload): Payload {
  return { metadata: Object.fromEntries(Object.entries(metadata).map(([name, value]) => [name, Buffer.from(value, 'base64')])), data: Buffer.from(data, 'base64') };
}

function toJson({ metadata, data }: Payload): JsonPayload {
  const base64 = (bytes: Uint8Array | null | undefined) => Buffer.from(bytes ?? []).toString('base64');
  return { metadata: Object.fromEntries(Object.entries(metadata ?? {}).map(([name, value]) => [name, base64(value)])), data: base64(data) };
}
