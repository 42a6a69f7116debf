import { dirname, resolve } from 'node:path';
import type { Budget, BudgetMeasure } from '../../domain/budget.js';
import { fleetSettingsSchema, mostMembers, type FleetMember, type FleetSettings } from '../../domain/fleet.js';
import { inOrder } from '../../domain/fleet-order.js';
import { BadInputError } from '../errors.js';
import { createSpec, type SessionRequest } from '../session-spec.js';
import { readFleetFile, type ReadFile } from './read-fleet-file.js';
import type { FleetFile, SessionEntry } from './schema.js';

/** A fleet as its file wants it. */
export interface WantedFleet {
  name: string;
  settings: FleetSettings;
  /** In the order in which they begin. */
  members: FleetMember[];
  /** What they may spend together; null where that is not bounded. */
  budget: Budget | null;
}

/** Members of a fleet travel in one message, whose size Temporal bounds, bytes. */
const mostBytes = 1_000_000;

/** Reads a fleet's file and makes its members, checked as `shim run` checks a session. @throws BadInputError, one line with file, line and column. */
export function wantedFleet(path: string, environment: NodeJS.ProcessEnv): WantedFleet {
  const read = readFleetFile(resolve(path), path);
  const { file } = read;
  const members = membersOf(read, dirname(resolve(path)), environment);
  if (Buffer.byteLength(JSON.stringify(members)) > mostBytes) throw read.errorAt(['sessions'], `all members together take more than ${mostBytes} bytes; make it two fleets`);
  const settings = fleetSettingsSchema.parse({
    ...(file.strategy && { strategy: file.strategy }),
    ...(file.start === 'sequential' ? { atOnce: 1 } : file['at-once'] === undefined ? {} : { atOnce: file['at-once'] }),
    intensity: { ...(file['max-failures'] !== undefined && { maxFailures: file['max-failures'] }), ...(file.window !== undefined && { windowMs: Math.max(1, file.window) }) },
  });
  return { name: file.fleet, settings, members, budget: file.budget ? budgetOf(file.budget) : null };
}

function membersOf(read: ReadFile, folder: string, environment: NodeJS.ProcessEnv): FleetMember[] {
  const { file, errorAt } = read;
  const keys = Object.keys(file.sessions);
  if (keys.length === 0) throw errorAt(['sessions'], 'there is no session; name one');
  for (const key of keys) {
    const unknown = dependsOn(file, key).findIndex((needed) => !keys.includes(needed));
    if (unknown >= 0) throw errorAt(['sessions', key, 'depends-on', unknown], `${key} depends on ${JSON.stringify(dependsOn(file, key)[unknown])}, and there is no such session in this file`);
  }
  const order = inOrder(keys.map((name) => ({ name, dependsOn: dependsOn(file, name) })));
  if ('ring' in order) throw errorAt(['sessions', order.ring[0] ?? '', 'depends-on'], `these depend on each other: ${order.ring.join(' -> ')}`);
  const members: FleetMember[] = [];
  const origin = new Map<string, string>();
  for (const { name: key } of order.ordered) {
    for (const { name, instance } of instancesOf(file, key)) {
      const taken = origin.get(name);
      if (taken !== undefined) throw errorAt(['sessions', key], `${key} makes a session ${name}, and so does ${taken}; rename one`);
      origin.set(name, key);
      if (members.length === mostMembers) throw errorAt(['sessions', key], `a fleet has at most ${mostMembers} members; make it two`);
      members.push(memberOf(read, key, name, instance, folder, environment));
    }
  }
  return members;
}

function memberOf({ file, errorAt }: ReadFile, key: string, name: string, instance: number, folder: string, environment: NodeJS.ProcessEnv): FleetMember {
  const entry = merged(file, key);
  const request = requestOf(entry, name, instance, folder);
  if (typeof request === 'string') throw errorAt(['sessions', key], `${key}: ${request}`);
  try {
    const spec = createSpec({ ...request, fleet: file.fleet }, environment);
    const needed = dependsOn(file, key).flatMap((each) => instancesOf(file, each).map(({ name }) => name));
    return { spec, environmentAsked: entry.env ?? [], dependsOn: needed };
  } catch (error) {
    if (!(error instanceof BadInputError)) throw error;
    // The words are those of the command line, where options have dashes before them.
    const message = error.message.replace(/^--/, '');
    const field = /^[a-z-]+(?=[: ])/.exec(message)?.[0] ?? '';
    throw errorAt(['sessions', key, field], `${name}: ${message}`);
  }
}

/** What a session says, and what the defaults say where it does not. */
function merged(file: FleetFile, key: string): SessionEntry {
  const entry = file.sessions[key] ?? {};
  const env = [...new Set([...(file.defaults?.env ?? []), ...(entry.env ?? [])])];
  return { ...file.defaults, ...entry, ...(env.length > 0 ? { env } : {}) };
}

/** @returns what to ask for; or what is wrong with it. */
function requestOf(entry: SessionEntry, name: string, instance: number, folder: string): SessionRequest | string {
  const { agent = 'command', command, args, env = [] } = entry;
  const numbered = (text: string) => text.replaceAll('{instance}', String(instance));
  if (agent === 'command' && command === undefined) return 'there is nothing to run; give it a command';
  if (agent === 'command' && args !== undefined) return 'args are for claude-code and codex; the arguments of a command belong to its command';
  if (agent !== 'command' && command !== undefined) return `${agent} is run by SHIM; give it args, not a command`;
  if (agent !== 'command' && args === undefined) return `there is nothing to do; give ${agent} its args`;
  const argv = agent !== 'command' ? (args ?? []) : typeof command === 'string' ? ['sh', '-c', command] : (command ?? []);
  return {
    name,
    agent,
    argv: argv.map(numbered),
    cwd: resolve(folder, numbered(entry.cwd ?? '.')),
    environmentNames: env,
    ...(entry.account !== undefined && { account: entry.account }),
    policy: {
      ...(entry.policy && { restart: entry.policy }),
      backoff: { ...(entry['backoff-max'] !== undefined && { maxMs: entry['backoff-max'] }) },
      intensity: { ...(entry['max-failures'] !== undefined && { maxFailures: entry['max-failures'] }), ...(entry.window !== undefined && { windowMs: entry.window }) },
    },
    limits: {
      ...(entry['memory-limit'] !== undefined && { memoryBytes: entry['memory-limit'] }),
      ...(entry['stop-grace'] !== undefined && { stopGraceMs: entry['stop-grace'] }),
      ...(entry['start-timeout'] !== undefined && { startTimeoutMs: entry['start-timeout'] }),
    },
    budget: budgetOf({ tokens: entry['budget-tokens'], usd: entry['budget-usd'], hours: entry['budget-hours'] }),
    parameters: {
      ...(entry['backoff-base'] !== undefined && { backoffBaseMs: entry['backoff-base'] }),
      ...(entry['hang-timeout'] !== undefined && { hangTimeoutMs: entry['hang-timeout'] }),
      ...(entry['checkpoint-interval'] !== undefined && { checkpointIntervalMinutes: entry['checkpoint-interval'] / 60_000 }),
      ...(entry['danger-zone'] !== undefined && { dangerZone: entry['danger-zone'] }),
      ...(entry['resume-strategy'] && { resumeStrategy: entry['resume-strategy'] }),
    },
  };
}

/** Without what is not bounded. */
function budgetOf({ tokens, usd, hours }: { [Measure in BudgetMeasure]?: number | undefined }): Budget {
  return { ...(tokens !== undefined && { tokens }), ...(usd !== undefined && { usd }), ...(hours !== undefined && { hours }) };
}

function dependsOn(file: FleetFile, key: string): string[] {
  return file.sessions[key]?.['depends-on'] ?? [];
}

/** The names that a session of the file stands for: its own, or NAME-1, NAME-2… where it says how many. */
function instancesOf(file: FleetFile, key: string): { name: string; instance: number }[] {
  const instances = file.sessions[key]?.instances;
  if (instances === undefined) return [{ name: key, instance: 1 }];
  return Array.from({ length: instances }, (_, index) => ({ name: `${key}-${index + 1}`, instance: index + 1 }));
}
