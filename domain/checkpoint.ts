import { z } from 'zod';

/** Why a checkpoint is made. */
export const checkpointTriggers = [
  'danger_zone',
  'warning_zone',
  'tool_call_interval',
  'time_interval',
  'risky_operation',
  'milestone',
  'user_requested',
  'session_start',
  'session_end',
] as const;
export type CheckpointTrigger = (typeof checkpointTriggers)[number];

const sha256Schema = z.string().regex(/^[0-9a-f]{64}$/);

/** A stretch of the transcript that was read, parsed and hashed; segments are contiguous and never rewritten. */
export const transcriptSegmentSchema = z.strictObject({
  /** File name in the session's transcript folder. */
  file: z.string().regex(/^[0-9]+-[0-9]+\.jsonl\.gz$/),
  /** Byte range in the agent's own transcript: [start, end). */
  start: z.number().int().nonnegative(),
  end: z.number().int().positive(),
  /** SHA-256 of the stretch as the agent wrote it. */
  sha256: sha256Schema,
  lines: z.number().int().nonnegative(),
  /** Lines that did not parse as JSON, by number from the segment's start. */
  malformedLines: z.array(z.number().int().nonnegative()),
});
export type TranscriptSegment = z.infer<typeof transcriptSegmentSchema>;

/** The transcript up to its last complete line at the time of the checkpoint. */
export const transcriptStateSchema = z.strictObject({
  /** Absolute path on the host of the agent's own file. */
  path: z.string(),
  /** Bytes up to and with the last complete line. */
  validatedBytes: z.number().int().nonnegative(),
  /** Complete lines so far. */
  lines: z.number().int().nonnegative(),
  /** SHA-256 of the last 4 KiB before `validatedBytes` (all of it if shorter): the O(1) check before a resume. */
  tailSha256: sha256Schema,
  segments: z.array(transcriptSegmentSchema),
});
export type TranscriptState = z.infer<typeof transcriptStateSchema>;

const gitObjectSchema = z.string().regex(/^[0-9a-f]{40}([0-9a-f]{24})?$/);

const pendingOperationSchema = z.strictObject({
  callId: z.string(),
  tool: z.string(),
  summary: z.string(),
  startedAtMs: z.number(),
});

/** The manifest of a checkpoint: written last, so that a checkpoint with a valid manifest is whole. */
export const checkpointManifestSchema = z.strictObject({
  formatVersion: z.literal(1),
  /** `ck-0001`, counting up within the session. */
  id: z.string().regex(/^ck-[0-9]{4,}$/),
  sessionId: z.uuid(),
  sessionName: z.string(),
  epoch: z.number().int().positive(),
  attemptId: z.string(),
  trigger: z.enum(checkpointTriggers),
  /** ISO 8601. */
  createdAt: z.iso.datetime(),
  /** Working tree: a tree object in the session's shadow repository, and the user's own HEAD if the tree has one. */
  tree: z.strictObject({
    root: gitObjectSchema,
    files: z.number().int().nonnegative(),
    /** Paths left out, with the reason: too large, or secret by name. At most 100; the rest is counted. */
    skipped: z.array(z.strictObject({ path: z.string(), reason: z.string() })),
    skippedTotal: z.number().int().nonnegative(),
    userHead: z.string().nullable(),
    /** Blob in the shadow repository that holds the user's .git/index, if there is one. */
    userIndex: gitObjectSchema.nullable(),
  }),
  transcript: transcriptStateSchema.nullable(),
  pending: z.array(pendingOperationSchema),
  /** The signals at the checkpoint, as in domain/signals.ts. */
  signals: z.record(z.string(), z.unknown()),
  launch: z.strictObject({
    agent: z.string(),
    argv: z.array(z.string()),
    cwd: z.string(),
    environmentNames: z.array(z.string()),
    conversationId: z.string().nullable(),
    agentVersion: z.string().nullable(),
  }),
  durationMs: z.number().nonnegative(),
});
export type CheckpointManifest = z.infer<typeof checkpointManifestSchema>;

/** A checkpoint as the workflow and the CLI name it. */
export interface CheckpointRef {
  id: string;
  /** Unix ms. */
  atMs: number;
}
