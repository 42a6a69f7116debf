import { z } from 'zod';
import { accountNameSchema } from '../../domain/account.js';
import { fleetStrategies, mostMembers } from '../../domain/fleet.js';
import { resumeStrategies } from '../../domain/parameters.js';
import { agentKinds, sessionNameSchema } from '../../domain/session.js';
import { parseDuration, parseSize } from '../cli/units.js';

const aDuration = 'a number and a unit (ms, s, m, h, d), as 10m';
const aSize = 'a number and a unit (KB, MB, GB, MiB, GiB), as 2GB';
const aText = 'a text; put it in quotes if it looks like a number or a truth value';

const duration = z
  .string(aDuration)
  .regex(/^\d{1,12}(\.\d{1,6})?(ms|s|m|h|d)$/, aDuration)
  .transform((text) => parseDuration(text));
const size = z
  .string(aSize)
  .regex(/^\d{1,12}(\.\d{1,6})?([KMGTkmgt]i?)?[Bb]$/, aSize)
  .transform((text) => parseSize(text));
const text = z.string(aText);
const count = z.number('a whole number').int('a whole number').nonnegative('0 or more');
const tokens = z.number('a whole number').int('a whole number').positive('1 or more');
const amount = z.number('a number').positive('more than 0');
const ratio = z.number('a ratio between 0 and 1').min(0.1, '0.1 or more').max(1, '1 at most');

/** What a session may say, and what `defaults` may say for all; the words are the options of `shim run`. */
const sessionFields = {
  agent: z.enum(agentKinds, `one of ${agentKinds.join(', ')}`).optional().meta({ description: 'What runs (default: command)' }),
  command: z
    .union([text.min(1, 'there is nothing to run'), z.array(text).min(1, 'there is nothing to run')], 'a list of the program and its arguments, or one line for sh -c; texts that look like numbers in quotes')
    .optional()
    .meta({ description: 'For agent command: the program and its arguments, or one line for sh -c. {instance} stands for the number of the instance' }),
  args: z.array(text, 'a list of texts').min(1, 'there is nothing to run').optional().meta({ description: "For claude-code and codex: the agent's own arguments. {instance} stands for the number of the instance" }),
  cwd: text.min(1, 'a folder').optional().meta({ description: 'Working folder, as seen from this file (default: where this file is). {instance} stands for the number of the instance' }),
  env: z.array(text, 'a list of names').optional().meta({ description: 'Names of environment variables to hand on; their values are taken from the shell that applies, and never enter Temporal' }),
  policy: z.enum(['always', 'on-failure', 'never'], 'one of always, on-failure, never').optional().meta({ description: 'When to restart (default: on-failure)' }),
  'max-failures': count.optional().meta({ description: 'Failures allowed within the window before the session rests as failed (default: 5)' }),
  window: duration.optional().meta({ description: 'The window of max-failures (default: 10m)' }),
  'backoff-base': duration.optional().meta({ description: 'First delay of the back-off (default: 1s)' }),
  'backoff-max': duration.optional().meta({ description: 'Longest delay of the back-off (default: 5m)' }),
  'hang-timeout': duration.optional().meta({ description: 'Silence after which it counts as hung (default: 10m)' }),
  'memory-limit': size.optional().meta({ description: 'Memory of the whole process tree (default: none)' }),
  'stop-grace': duration.optional().meta({ description: 'From TERM to KILL at a stop or pause (default: 10s)' }),
  'start-timeout': duration.optional().meta({ description: 'From the spawn to the first event (default: 2m)' }),
  'checkpoint-interval': duration.optional().meta({ description: 'Between checkpoints by time (default: 10m)' }),
  'budget-tokens': tokens.optional().meta({ description: 'Tokens that all attempts of a session may spend; then it is checkpointed and paused (default: none)' }),
  'budget-usd': amount.optional().meta({ description: 'Dollars that they may spend, as the agent tells its cost; not for codex, which tells none' }),
  'budget-hours': amount.optional().meta({ description: 'Hours that they may live' }),
  'danger-zone': ratio.optional().meta({ description: 'Context use at which it is checkpointed and recycled (default: 0.75)' }),
  'resume-strategy': z.enum(resumeStrategies, `one of ${resumeStrategies.join(', ')}`).optional().meta({ description: 'First way to try to resume (default: native)' }),
  account: accountNameSchema.optional().meta({ description: 'Who pays: sessions of one account wait for its limits together (default: made from the login or API key of claude-code and codex)' }),
};

const sessionSchema = z.strictObject({
  ...sessionFields,
  instances: z.number('a whole number').int('a whole number').positive('1 or more').max(mostMembers, `${mostMembers} at most`).optional().meta({ description: 'So many of it, named NAME-1, NAME-2, …' }),
  'depends-on': z.array(text, 'a list of names of sessions in this file').optional().meta({ description: 'Sessions of this file that have to be running, or to have completed, before this one is begun' }),
});

/** A file for `shim apply`. What it holds is checked against this; deploy/shim.schema.json is made from it. */
export const fleetFileSchema = z.strictObject({
  fleet: sessionNameSchema.meta({ description: 'Name of the fleet, for: shim fleet NAME' }),
  strategy: z.enum(fleetStrategies, `one of ${fleetStrategies.join(', ')}`).optional().meta({ description: 'Who is restarted when a member fails: it alone (default), all, or it and those after it' }),
  start: z.enum(['parallel', 'sequential'], 'parallel or sequential').optional().meta({ description: 'Whether members come up side by side (default) or one after another' }),
  'at-once': z.number('a whole number').int('a whole number').positive('1 or more').max(mostMembers, `${mostMembers} at most`).optional().meta({ description: 'Members that come up at the same time under parallel (default: 8)' }),
  'max-failures': count.optional().meta({ description: 'Failures of all members together within the window before the fleet is given up (default: 20)' }),
  window: duration.optional().meta({ description: 'The window of max-failures (default: 10m)' }),
  budget: z
    .strictObject({ tokens: tokens.optional(), usd: amount.optional(), hours: amount.optional() })
    .optional()
    .meta({ description: 'What all sessions of the fleet together may spend on a host; then they are checkpointed and paused' }),
  defaults: z.strictObject(sessionFields).optional().meta({ description: 'What holds for every session that does not say otherwise; env is handed on besides its own' }),
  sessions: z.record(sessionNameSchema, sessionSchema, 'the sessions by name').meta({ description: 'The sessions by name, in their order' }),
});
export type FleetFile = z.infer<typeof fleetFileSchema>;
export type SessionEntry = FleetFile['sessions'][string];

/** The same for editors. @returns a JSON schema of what may be written in the file. */
export function fleetFileJsonSchema(): object {
  return { $id: 'shim.schema.json', title: 'A fleet of SHIM', ...z.toJSONSchema(fleetFileSchema, { io: 'input' }) };
}
