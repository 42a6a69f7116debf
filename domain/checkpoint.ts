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
  'salvage',
] as const;
export type CheckpointTrigger = (typeof checkpointTriggers)[number];

const sha256Schema = z.string().regex(/^[0-9a-f]{64}$/);

/** A stretch of the transcript that was read, parsed and hashed; segments are contiguous and never rewritten. */
export const transcriptSegmentSchema = z.strictObject({
  /** Byte range in the agent's own file, [start, end); the segment lies in `<start>-<end>.jsonl.gz`. */
  start: z.number().int().nonnegative(),
  end: z.number().int().positive(),
  /** SHA-256 of the stretch as the agent wrote it. */
  sha256: sha256Schema,
});
export type TranscriptSegment = z.infer<typeof transcriptSegmentSchema>;

/**
 * The transcript up to its last complete line at the time of the checkpoint. The segments themselves are listed in a
 * ledger beside them, so that a manifest stays small however long the session is.
 */
export const transcriptStateSchema = z.strictObject({
  /** Absolute path on the host of the agent's own file. */
  path: z.string(),
  /** 1, and one more each time the agent has rewritten its file instead of appending. */
  generation: z.number().int().positive(),
  /** Bytes up to and with the last complete line. */
  validatedBytes: z.number().int().nonnegative(),
  /** Complete lines so far, empty ones too. */
  lines: z.number().int().nonnegative(),
  /** Messages of the conversation so far. */
  messages: z.number().int().nonnegative(),
  /** Complete lines that are no JSON object: the agent drops them silently. */
  malformedLines: z.number().int().nonnegative(),
  /** Numbers, from 1, of the first twenty of them. */
  malformedAt: z.array(z.number().int().positive()).max(20),
  /** SHA-256 of the last 4 KiB before `validatedBytes` (all of it if shorter): the O(1) check before a resume. */
  tailSha256: sha256Schema,
  /** Bytes of the ledger that belong to this checkpoint, and their SHA-256. */
  ledgerBytes: z.number().int().nonnegative(),
  ledgerSha256: sha256Schema,
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

/** What the verification of a checkpoint comes to: `unfinished` where nothing can be said of it. */
export const verificationResults = ['whole', 'bad', 'unfinished'] as const;
export type VerificationResult = (typeof verificationResults)[number];
