import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { createAdaptorServer, type ServerType } from '@hono/node-server';
import { Hono, type Context } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { z } from 'zod';
import { configSpecOf } from './config-specs.js';
import { newExperimentSchema, type Experiment } from './experiment.js';
import { ExperimentStateError, type LocalStatsigStore, type LoggedEvent } from './local-store.js';

const unzip = promisify(gunzip);

/** No body is larger, bytes; unpacked no more either. */
const largestBody = 8_000_000;

const decisionSchema = z.looseObject({ id: z.string(), decisionReason: z.string() });
const abandonSchema = z.looseObject({ decisionReason: z.string() });
const disableSchema = z.looseObject({ group_names: z.array(z.string()).min(1) });
const patchSchema = z.looseObject({ allocation: z.number().min(0).max(100).optional(), hypothesis: z.string().optional() });
const logSchema = z.looseObject({ events: z.array(z.record(z.string(), z.unknown())) });

/**
 * Speaks Statsig's protocol on loopback, so that the unmodified SDK runs without the cloud: the SDK's own endpoints, and the
 * part of the Console API (version 20240601) that experiments need, with its envelopes and status codes.
 */
export class LocalStatsigServer {
  private server: ServerType | null = null;

  constructor(private readonly store: LocalStatsigStore) {}

  /** @param port 0 for a free one. @returns the port. @throws if it serves already, or the port is taken. */
  async start(port: number): Promise<number> {
    if (this.server) throw new Error('it serves already');
    const server = createAdaptorServer({ fetch: routes(this.store).fetch });
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    this.server = server;
    return (server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    const { server } = this;
    if (!server) return;
    this.server = null;
    const closed = once(server, 'close');
    server.close();
    if ('closeAllConnections' in server) server.closeAllConnections();
    await closed;
  }
}

function routes(store: LocalStatsigStore): Hono {
  const app = new Hono();
  app.onError((error, context) => {
    if (error instanceof HTTPException) return context.json({ status: error.status, message: error.message }, error.status);
    if (error instanceof ExperimentStateError) return context.json({ status: 400, message: error.message }, 400);
    if (error instanceof z.ZodError) return context.json({ status: 400, message: z.prettifyError(error) }, 400);
    return context.json({ status: 500, message: 'the local Statsig server failed' }, 500);
  });
  app.notFound((context) => context.json({ status: 404, message: `there is no ${new URL(context.req.url).pathname} here` }, 404));
  sdkRoutes(app, store);
  app.use('/console/*', async (context, next) => {
    if (!context.req.header('STATSIG-API-KEY')?.startsWith('console-')) throw new HTTPException(401, { message: 'a console API key is wanted in the header STATSIG-API-KEY' });
    await next();
  });
  consoleRoutes(app, store);
  return app;
}

function sdkRoutes(app: Hono, store: LocalStatsigStore): void {
  app.get('/v1/download_config_specs/:file', (context) => {
    const since = Number(context.req.query('sinceTime') ?? 0);
    if (since >= store.time) return context.json({ has_updates: false });
    return context.json({ has_updates: true, time: store.time, feature_gates: [], dynamic_configs: store.experiments().map(configSpecOf), layer_configs: [], layers: {}, id_lists: {} });
  });
  app.post('/v1/get_id_lists', (context) => context.json({}));
  app.post('/v1/log_event', async (context) => {
    const { events } = logSchema.parse(await bodyOf(context));
    store.log(events);
    return context.json({ success: true }, 202);
  });
}

function consoleRoutes(app: Hono, store: LocalStatsigStore): void {
  const path = '/console/v1/experiments';
  app.post(path, async (context) => {
    const experiment = store.create(newExperimentSchema.parse(await bodyOf(context)));
    return context.json({ message: 'Experiment created successfully.', data: experiment }, 201);
  });
  app.get(path, (context) => context.json({ message: 'Experiments listed successfully.', data: store.experiments() }));
  app.get(`${path}/:id`, (context) => context.json({ message: 'Experiment read successfully.', data: find(store, context) }));
  app.patch(`${path}/:id`, async (context) => {
    const experiment = find(store, context);
    const { allocation = experiment.allocation, hypothesis = experiment.hypothesis } = patchSchema.parse(await bodyOf(context));
    return context.json({ message: 'Experiment updated successfully.', data: store.save({ ...experiment, allocation, hypothesis }) });
  });
  app.put(`${path}/:id/start`, (context) => {
    const experiment = inState(find(store, context), 'setup');
    store.save({ ...experiment, status: 'active' });
    return context.json({ message: 'Experiment started successfully.' });
  });
  app.put(`${path}/:id/make_decision`, async (context) => {
    const experiment = inState(find(store, context), 'active');
    const { id, decisionReason } = decisionSchema.parse(await bodyOf(context));
    if (!experiment.groups.some((group) => group.id === id)) throw new HTTPException(400, { message: `there is no group ${JSON.stringify(id)} in ${experiment.name}; its id is wanted, not its name` });
    store.save({ ...experiment, status: 'decision_made', launchedGroupId: id, decisionReason });
    return context.json({ message: 'Decision made successfully.' });
  });
  app.put(`${path}/:id/abandon`, async (context) => {
    const experiment = inState(find(store, context), 'active');
    const { decisionReason } = abandonSchema.parse(await bodyOf(context));
    store.save({ ...experiment, status: 'abandoned', decisionReason });
    return context.json({ message: 'Experiment abandoned successfully.' });
  });
  app.post(`${path}/:id/disable_groups`, async (context) => {
    const experiment = find(store, context);
    const { group_names: names } = disableSchema.parse(await bodyOf(context));
    const unknown = names.find((name) => !experiment.groups.some((group) => group.name === name));
    if (unknown !== undefined) throw new HTTPException(400, { message: `there is no group ${JSON.stringify(unknown)} in ${experiment.name}` });
    store.save({ ...experiment, groups: experiment.groups.map((group) => ({ ...group, disabled: group.disabled || names.includes(group.name) })) });
    return context.json({ message: 'Groups disabled successfully.' });
  });
  app.get(`${path}/:id/cumulative_exposures`, (context) => context.json({ message: 'Exposures read successfully.', data: exposuresOf(store, find(store, context)) }));
}

function find(store: LocalStatsigStore, context: Context): Experiment {
  const id = context.req.param('id') ?? '';
  const experiment = store.experiment(id);
  if (!experiment) throw new HTTPException(404, { message: `there is no experiment ${JSON.stringify(id)}` });
  return experiment;
}

function inState(experiment: Experiment, status: Experiment['status']): Experiment {
  if (experiment.status !== status) throw new ExperimentStateError(`${experiment.name} is in ${experiment.status}, and has to be in ${status}`);
  return experiment;
}

/** Units exposed to each group, each once, by the day on which it first was. */
function exposuresOf(store: LocalStatsigStore, experiment: Experiment): { groupID: string; groupName: string; results: { date: string; exposures: number }[] }[] {
  const firstSeen = new Map<string, Map<string, string>>();
  for (const event of store.events('statsig::config_exposure')) {
    const { metadata, user, time } = exposureSchema.parse(event);
    if (metadata.config !== experiment.name) continue;
    const units = firstSeen.get(metadata.ruleID) ?? new Map<string, string>();
    const date = new Date(time).toISOString().slice(0, 10);
    const before = units.get(user.userID);
    units.set(user.userID, before !== undefined && before < date ? before : date);
    firstSeen.set(metadata.ruleID, units);
  }
  return experiment.groups.map(({ id, name }) => {
    const dates = [...(firstSeen.get(id) ?? new Map<string, string>()).values()].sort();
    const days = [...new Set(dates)];
    return { groupID: id, groupName: name, results: days.map((date) => ({ date, exposures: dates.filter((one) => one <= date).length })) };
  });
}

const exposureSchema = z.looseObject({
  metadata: z.looseObject({ config: z.string().default(''), ruleID: z.string().default('') }).prefault({}),
  user: z.looseObject({ userID: z.string().default('') }).prefault({}),
  time: z.number().default(0),
});

/** A JSON body; the SDK sends events gzipped, and plain when it tries again. @throws HTTPException 400, 413. */
async function bodyOf(context: Context): Promise<unknown> {
  const raw = Buffer.from(await context.req.arrayBuffer());
  if (raw.length > largestBody) throw new HTTPException(413, { message: `a body has at most ${largestBody} bytes` });
  try {
    const isZipped = raw[0] === 0x1f && raw[1] === 0x8b;
    const text = isZipped ? await unzip(raw, { maxOutputLength: largestBody }) : raw;
    return JSON.parse(text.toString('utf8')) as LoggedEvent;
  } catch (error) {
    throw new HTTPException(400, { message: 'the body is no JSON', cause: error });
  }
}
