import { createHash } from 'node:crypto';
import { ZodError } from 'zod';
import { checkpointManifestSchema, type CheckpointManifest } from '../../domain/checkpoint.js';
import { CheckpointError } from './checkpoint-error.js';

/** A manifest is not longer than this, bytes. */
export const longestManifest = 100_000;

/** What is kept of a manifest that would be too long. */
const pendingKept = 10;
const argumentsKept = 20;
const charactersKept = 200;

/**
 * A manifest as it is written: a line of JSON and the line of its SHA-256. Whatever is cut off or altered, the hash line is
 * not whole or does not match.
 *
 * @throws CheckpointError where even the short form of it is longer than 100 KB.
 */
export function encodeManifest(manifest: CheckpointManifest): string {
  const whole = record(manifest);
  if (Buffer.byteLength(whole) <= longestManifest) return whole;
  const { pending, tree, launch } = manifest;
  const short = record({
    ...manifest,
    tree: { ...tree, skipped: [] },
    pending: pending.slice(-pendingKept).map((operation) => ({ ...operation, summary: operation.summary.slice(0, charactersKept) })),
    launch: { ...launch, argv: launch.argv.slice(0, argumentsKept).map((argument) => argument.slice(0, charactersKept)) },
  });
  if (Buffer.byteLength(short) <= longestManifest) return short;
  throw new CheckpointError('files_failed', `the manifest would have ${Buffer.byteLength(short)} bytes; at most ${longestManifest} are allowed`);
}

/** @returns the manifest, or what is wrong with it. */
export function decodeManifest(text: string): CheckpointManifest | string {
  const [json = '', hash, rest] = text.split('\n');
  if (hash === undefined || rest !== '' || sha256(json) !== hash) return 'its manifest is torn or was altered';
  try {
    return checkpointManifestSchema.parse(JSON.parse(json));
  } catch (error) {
    if (error instanceof ZodError || error instanceof SyntaxError) return `its manifest is of another kind: ${error.message.slice(0, 200)}`;
    throw error;
  }
}

function record(manifest: CheckpointManifest): string {
  const json = JSON.stringify(manifest);
  return `${json}\n${sha256(json)}\n`;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
