import { z } from 'zod';
import { noticeKinds } from './notice.js';

const seconds = z.number().int().min(1).max(120);

/** Common to every way of telling people. */
const channel = {
  /** Names it in lists, logs and records. */
  name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$/, 'a channel name is 1 to 32 letters, digits, "-" and "_", and begins with a letter or digit'),
  /** What it is told of. */
  on: z
    .array(z.enum(noticeKinds))
    .min(1)
    .default([...noticeKinds]),
  /** For one try, s. */
  timeoutSeconds: seconds.default(10),
};

const environmentName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'not a name of an environment variable');

const commandSchema = z.strictObject({
  ...channel,
  type: z.literal('command'),
  /** A program and its arguments; no shell reads them. The notice is on its stdin as JSON, and in SHIM_NOTICE_… variables. */
  argv: z.tuple([z.string().min(1)], z.string()),
});

const webhookSchema = z
  .strictObject({
    ...channel,
    type: z.literal('webhook'),
    url: z.url({ protocol: /^https?$/ }),
    /** Name of a variable in the host worker's environment that holds the key of the signature. */
    secretEnv: environmentName.optional(),
    /** File that holds it, of the user's own (0600); its last line end is none of it. */
    secretFile: z.string().startsWith('/', 'an absolute path is needed').optional(),
  })
  .refine(({ secretEnv, secretFile }) => (secretEnv === undefined) !== (secretFile === undefined), 'name the secret of the signature: either secretEnv or secretFile');

const desktopSchema = z.strictObject({ ...channel, type: z.literal('desktop') });

export const channelSchema = z.discriminatedUnion('type', [commandSchema, webhookSchema, desktopSchema]);
/** A way of telling people. */
export type Channel = z.infer<typeof channelSchema>;
export type CommandChannel = z.infer<typeof commandSchema>;
export type WebhookChannel = z.infer<typeof webhookSchema>;

/** The file notices.json of $SHIM_HOME. */
export const noticeSettingsSchema = z
  .strictObject({ channels: z.array(channelSchema).max(20) })
  .refine(({ channels }) => new Set(channels.map(({ name }) => name)).size === channels.length, 'two channels have the same name');
export type NoticeSettings = z.infer<typeof noticeSettingsSchema>;

export interface TryNoticesInput {
  /** Only this channel; all without it. */
  channel?: string;
}

/** How a channel took a notice that said it was a test. */
export interface ChannelTried {
  name: string;
  type: Channel['type'];
  /** Why it did not, one line; null where it did. */
  problem: string | null;
}
