import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { Context, Hono } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { z } from 'zod';
import { configSpecOf, dynamicConfigSpecOf } from './config-specs.js';
import { dynamicConfigChangesSchema, newDynamicConfigSchema, newExperimentSchema, type Experiment } from './experiment.js';
import { ExperimentStateError, type LocalStatsigStore } from './local-store.js';
import { firstExposures, pulseOf } from './pulse.js';

const unzip = promisify(gunzip);

/** No body is larger, bytes; unpacked no more either. */
export const largestBody = 8_000_000;

const decisionSchema = z.looseObject({ id: z.string(), decisionReason: z.string() });
const abandonSchema = z.looseObject({ decisionReason: z.string() });
const disableSchema = z.looseObject({ group_names: z.array(z.string()).min(1) });
const patchSchema = z.looseObject({ allocation: z.number().min(0).max(100).optional(), hypothesis: z.string().optional() });
const logSchema = z.looseObject({ events: z.array(z.record(z.string(), z.unknown())) });
const pageSchema = z.object({ limit: z.coerce.number().int().min(1).max(1_000).default(100), page: z.coerce.number().int().min(1).default(1) });

/** What the SDK calls. */
export function addSdkRoutes(app: Hono, store: LocalStatsigStore): void {
  app.get('/v1/download_config_specs/:file', (context) => {
    // Read before the configs: a change in between is sent again, not missed.
    const { time } = store;
    if (Number(context.req.query('sinceTime') ?? 0) >= time) return context.json({ has_updates: false });
    const configs = [...store.experiments().map(configSpecOf), ...store.dynamicConfigs().map(dynamicConfigSpecOf)];
    return context.json({ has_updates: true, time, feature_gates: [], dynamic_configs: configs, layer_configs: [], layers: {}, id_lists: {} });
  });
  app.post('/v1/get_id_lists', (context) => context.json({}));
  app.post('/v1/log_event', async (context) => {
    const { events } = logSchema.parse(await bodyOf(context));
    store.log(events);
    return context.json({ success: true }, 202);
  });
}

/** The part of the Console API that experiments need. */
export function addExperimentRoutes(app: Hono, store: LocalStatsigStore): void {
  const path = '/console/v1/experiments';
  app.post(path, async (context) => {
    const experiment = store.create(newExperimentSchema.parse(await bodyOf(context)));
    return context.json({ message: 'Experiment created successfully.', data: experiment }, 201);
  });
  app.get(path, (context) => {
    const { limit, page } = pageSchema.parse(context.req.query());
    const all = store.experiments();
    return context.json({ message: 'Experiments listed successfully.', data: all.slice((page - 1) * limit, page * limit), pagination: { itemsPerPage: limit, pageNumber: page, totalItems: all.length } });
  });
  app.get(`${path}/:id`, (context) => context.json({ message: 'Experiment read successfully.', data: find(store, context) }));
  app.patch(`${path}/:id`, async (context) => {
    const changes = patchSchema.parse(await bodyOf(context));
    const experiment = find(store, context);
    const { allocation = experiment.allocation, hypothesis = experiment.hypothesis } = changes;
    return context.json({ message: 'Experiment updated successfully.', data: store.save({ ...experiment, allocation, hypothesis }) });
  });
  app.put(`${path}/:id/start`, (context) => {
    const experiment = inState(find(store, context), 'setup');
    store.save({ ...experiment, status: 'active' });
    return context.json({ message: 'Experiment started successfully.' });
  });
  app.put(`${path}/:id/make_decision`, async (context) => {
    const { id, decisionReason } = decisionSchema.parse(await bodyOf(context));
    const experiment = inState(find(store, context), 'active');
    if (!experiment.groups.some((group) => group.id === id)) throw new HTTPException(400, { message: `there is no group ${JSON.stringify(id)} in ${experiment.name}; its id is wanted, not its name` });
    store.save({ ...experiment, status: 'decision_made', launchedGroupId: id, decisionReason });
    return context.json({ message: 'Decision made successfully.' });
  });
  app.put(`${path}/:id/abandon`, async (context) => {
    const { decisionReason } = abandonSchema.parse(await bodyOf(context));
    const experiment = inState(find(store, context), 'active');
    store.save({ ...experiment, status: 'abandoned', decisionReason });
    return context.json({ message: 'Experiment abandoned successfully.' });
  });
  app.put(`${path}/:id/reset`, (context) => {
    store.reset(find(store, context));
    return context.json({ message: 'Experiment reset successfully.' });
  });
  app.post(`${path}/:id/disable_groups`, async (context) => {
    const { group_names: names } = disableSchema.parse(await bodyOf(context));
    const experiment = find(store, context);
    const unknown = names.find((name) => !experiment.groups.some((group) => group.name === name));
    if (unknown !== undefined) throw new HTTPException(400, { message: `there is no group ${JSON.stringify(unknown)} in ${experiment.name}` });
    store.save({ ...experiment, groups: experiment.groups.map((group) => ({ ...group, disabled: group.disabled || names.includes(group.name) })) });
    return context.json({ message: 'Groups disabled successfully.' });
  });
  app.get(`${path}/:id/cumulative_exposures`, (context) => context.json({ message: 'Exposures read successfully.', data: exposuresOf(store, find(store, context)) }));
  app.get(`${path}/:id/pulse_results`, (context) => {
    const experiment = find(store, context);
    const [control, test] = ['control', 'test'].map((name) => groupId(experiment, context.req.query(name), name));
    return context.json({ message: 'Pulse results loaded successfully.', data: pulseOf(store, experiment, control ?? '', test ?? '') });
  });
}

/** The dynamic configs of the Console API. */
export function addDynamicConfigRoutes(app: Hono, store: LocalStatsigStore): void {
  const path = '/console/v1/dynamic_configs';
  app.post(path, async (context) => {
    const config = store.createDynamicConfig(newDynamicConfigSchema.parse(await bodyOf(context)));
    return context.json({ message: 'Dynamic config created successfully.', data: config }, 201);
  });
  app.patch(`${path}/:id`, async (context) => {
    const changes = dynamicConfigChangesSchema.parse(await bodyOf(context));
    const id = context.req.param('id');
    const config = store.dynamicConfig(id);
    if (!config) throw new HTTPException(404, { message: `there is no dynamic config ${JSON.stringify(id)}` });
    return context.json({ message: 'Dynamic config updated successfully.', data: store.changeDynamicConfig(config, changes) });
  });
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

function groupId(experiment: Experiment, id: string | undefined, parameter: string): string {
  if (experiment.groups.some((group) => group.id === id)) return id ?? '';
  throw new HTTPException(400, { message: `${parameter} has to be the id of a group of ${experiment.name}` });
}

/** Units exposed to each group, each once, by the day on which it first was. */
function exposuresOf(store: LocalStatsigStore, experiment: Experiment): { groupID: string; groupName: string; results: { date: string; exposures: number }[] }[] {
  const exposures = [...firstExposures(store, experiment).values()];
  return experiment.groups.map(({ id, name }) => {
    const dates = exposures.flatMap(({ groupId, atMs }) => (groupId === id ? [new Date(atMs).toISOString().slice(0, 10)] : [])).sort();
    const days = [...new Set(dates)];
    return { groupID: id, groupName: name, results: days.map((date) => ({ date, exposures: dates.filter((one) => one <= date).length })) };
  });
}

/** A JSON body; the SDK sends events gzipped, and plain when it tries again. @throws HTTPException 400. */
async function bodyOf(context: Context): Promise<unknown> {
  const raw = Buffer.from(await context.req.arrayBuffer());
  try {
    const isZipped = raw[0] === 0x1f && raw[1] === 0x8b;
    const text = isZipped ? await unzip(raw, { maxOutputLength: largestBody }) : raw;
    return JSON.parse(text.toString('utf8'));
  } catch (error) {
    throw new HTTPException(400, { message: 'the body is no JSON', cause: error });
  }
}
