import { mkdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { html } from 'hono/html';
import type { ExperimentPhase, ExperimentStatus } from '../../domain/experiments/experiment.js';
import type { KaizenSettings } from '../../domain/experiments/kaizen-settings.js';
import type { WebUiQuestion } from '../../client/web-ui-links.js';
import { Fleet } from '../../examples/fleet/fleet.js';
import { sceneExperiment, Scenes } from './scenes.js';
import { findChromium, viewport, WebUi } from './web-ui.js';

const root = resolve('.');
const folder = join(root, 'docs', 'images');

/** A larger one slows the page that it is on down. */
const mostBytes = 200_000;

/** How long the experiment is followed, ms; what it has come to by then is what is shown. */
const experimentMs = 300_000;
const pollMs = 1_000;

/** Sessions of an arm that have to count before the experiment's page is worth a picture. */
const unitsInPicture = 8;

/** Its verdict is there. */
const decided: ReadonlySet<ExperimentPhase> = new Set(['deploying', 'monitoring', 'restoring', 'closed']);

/** So that an experiment on short agents takes a minute. */
const quick: Partial<KaizenSettings> = {
  // The other bounds take hundreds of sessions to be shown to be kept.
  bounds: { crashRate: { max: 0.1 } },
  experiment: { horizonMs: 8_000, tickMs: 2_000, ramp: [1], unitsPerStep: 6, deadlineMs: experimentMs, holdback: 0.2, monitorMs: 600_000, staleAfterMs: 60_000 },
};

/** Makes the pictures of the docs from a real run; run it in the project's folder. */
async function main(program: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const scenes = new Scenes(root);
  const ui = await WebUi.open(program);
  try {
    say('starting sessions in every state');
    await scenes.begin(quick);
    const links = JSON.parse(await scenes.shim('ui', '--json')) as Record<WebUiQuestion, string>;
    const page = (workflowId: string) => `${links.sessions.replace(/\?.*/, '')}/${encodeURIComponent(workflowId)}`;
    await ui.listed(links.sessions, 10);
    await picture(ui, 'web-ui-sessions');
    // The timeline stands under the input.
    await ui.page.setViewportSize({ ...viewport, height: 1_130 });
    await ui.read(page('session/upgrade-deps'), 'timeline', [/back-off of .*failure 2 of 5 allowed/, 'attempt 2: native resume']);
    await picture(ui, 'web-ui-session');
    await ui.page.setViewportSize(viewport);
    await ui.read(page('session/nightly-tests'), 'user-metadata', ['mend the reason']);
    await picture(ui, 'web-ui-session-details');
    await showText(ui, '$ shim status', await scenes.shim('status'));
    await picture(ui, 'status');
    await ui.page.setViewportSize(viewport);
    say('running the experiment on short agents');
    await withShortAgents(scenes, async () => {
      await experimentComesTo(scenes, ({ phase, look }) => decided.has(phase) || (look?.arms.treatment.units ?? 0) >= unitsInPicture);
      // On a busy machine it may have been decided since.
      await ui.page.setViewportSize({ ...viewport, height: 950 });
      await ui.read(page(`experiment/${sceneExperiment}`), 'user-metadata', [/Evidence:|Since the deploy/]);
      await picture(ui, 'web-ui-experiment');
      await experimentComesTo(scenes, ({ phase }) => decided.has(phase));
    });
    const report = (await scenes.shim('report', sceneExperiment)).trim();
    await ui.page.setViewportSize({ width: 820, height: 1_160 });
    await ui.page.goto(pathToFileURL(report).href);
    await picture(ui, 'experiment-report');
  } finally {
    await ui.close();
    await scenes.end();
  }
}

/** Has short agents work, which the experiment learns from, until `work` is done. */
async function withShortAgents(scenes: Scenes, work: () => Promise<void>): Promise<void> {
  const world = join(scenes.folder, 'world');
  mkdirSync(world);
  const fleet = new Fleet({ client: scenes.client, home: scenes.home, folder: scenes.folder, atOnce: 6, seed: 1, world });
  fleet.start();
  try {
    await work();
  } finally {
    await fleet.stop();
  }
}

/** Returns once it has come to that, or its time is up. */
async function experimentComesTo(scenes: Scenes, isThere: (status: ExperimentStatus) => boolean): Promise<void> {
  const deadline = performance.now() + experimentMs;
  let isOver = false;
  while (!isOver && performance.now() < deadline) {
    await delay(pollMs);
    // On a busy machine nobody may answer in time.
    isOver = await scenes.kaizen((client) => client.experiment(`experiment/${sceneExperiment}`)).then(isThere, () => false);
  }
}

/** Shows a command and what it printed, as a terminal does. */
async function showText(ui: WebUi, command: string, output: string): Promise<void> {
  const page = await html`<body style="margin:0;background:#0d1117;color:#e6edf3"><pre style="font:13px/1.45 monospace;padding:14px 18px;margin:0;width:max-content">${command}\n${output}</pre></body>`;
  await ui.page.setContent(page.toString());
  const box = await ui.page.locator('pre').boundingBox();
  await ui.page.setViewportSize({ width: Math.ceil(box?.width ?? 0), height: Math.ceil(box?.height ?? 0) });
}

/** @throws Error where it comes out too large for a page. */
async function picture(ui: WebUi, name: string): Promise<void> {
  const path = join(folder, `${name}.png`);
  await ui.page.screenshot({ path });
  const { size } = statSync(path);
  if (size > mostBytes) throw new Error(`${path} has ${size} bytes, more than ${mostBytes}`);
  say(`docs/images/${name}.png, ${Math.round(size / 1_000)} kB`);
}

function say(text: string): void {
  console.log(text);
}

const program = findChromium();
if (program === null) {
  console.error('shim: chromium is not installed: apt-get install --no-install-recommends chromium');
  process.exitCode = 2;
} else await main(program);
