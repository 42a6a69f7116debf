import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SceneName } from '../../scripts/screenshots/scenes.js';
import { findChromium, WebUi } from '../../scripts/screenshots/web-ui.js';
import type { WebUiQuestion } from '../../client/web-ui-links.js';
import { projectRoot } from '../support/project-root.js';

// The compiled one: it starts the compiled workers beside it.
const { sceneExperiment, sceneFleet, sceneNames, Scenes } = (await import(new URL('../../dist/scripts/screenshots/scenes.js', import.meta.url).href)) as typeof import('../../scripts/screenshots/scenes.js');

const program = findChromium();
const session = (name: string) => `session/${name}`;

/** What each question of `shim ui` is to be answered with, and nothing else. */
const answers: Readonly<Record<WebUiQuestion, readonly string[]>> = {
  sessions: [...sceneNames, 'board', 'worker-1', 'worker-2', 'worker-3'].map(session).sort(),
  failed: [session('nightly-tests')],
  waiting: [session('release-notes'), session('upgrade-deps'), session('write-docs')],
  paused: [session('refactor-api')],
  fleets: [`fleet/${sceneFleet}`],
  experiments: [`experiment/${sceneExperiment}`],
};

/** What a session's page is to say: on its first tab why it is so; in its details that, and what a person can do. */
const pages: Readonly<Record<SceneName, { timeline: (string | RegExp)[]; details: (string | RegExp)[] }>> = {
  'fix-login': { timeline: ['attempt 1: node ../agent.mjs'], details: ['running: the agent is at work, in attempt 1 since', 'shim logs fix-login -f', 'shim pause fix-login'] },
  'write-docs': {
    timeline: [/waits (3h|2h 5\dm): limit of claude-code\/ana until/],
    details: ['waiting_for_limit: limit of claude-code/ana until', 'it goes on by itself', 'shim reset write-docs', /until: \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC/, 'limit_reached (You have hit your usage limit)'],
  },
  'upgrade-deps': {
    timeline: [/back-off of \d+m.*: failure 2 of 5 allowed \(out_of_memory\)/, /attempt 2: native resume after out_of_memory/],
    details: ['backing_off: failure 2 of 5 allowed (out_of_memory)', 'it restarts by itself', 'shim reset upgrade-deps', 'attempt 1: out_of_memory'],
  },
  'nightly-tests': {
    timeline: ['failed: auth_failed: Invalid API key', 'tell people: nightly-tests (command) is failed'],
    details: ['failed: auth_failed: Invalid API key', 'mend the reason, then update reset (shim reset nightly-tests)', 'shim why nightly-tests'],
  },
  'refactor-api': { timeline: ['paused by ana: its plan is to be read first'], details: ['paused by ana: its plan is to be read first', 'update resume (shim resume refactor-api) goes on'] },
  'release-notes': { timeline: ['begins when fix-login has completed'], details: ['waiting_for_session: waits until fix-login has completed', 'update resume (shim resume release-notes) starts it anyway'] },
};

describe.skipIf(program === null)('the Temporal Web UI', { timeout: 180_000 }, () => {
  const scenes = new Scenes(projectRoot());
  let ui: WebUi;
  let links: Record<WebUiQuestion, string>;

  /** The page of a workflow. */
  const page = (workflowId: string) => `${links.sessions.replace(/\?.*/, '')}/${encodeURIComponent(workflowId)}`;

  beforeAll(async () => {
    ui = await WebUi.open(program ?? '');
    await scenes.begin();
    links = JSON.parse(await scenes.shim('ui', '--json')) as typeof links;
  }, 300_000);

  afterAll(async () => {
    await ui.close();
    await scenes.end();
  }, 120_000);

  it.each(Object.keys(answers) as WebUiQuestion[])('lists under the link for %s just those', async (question) => {
    expect(await ui.listed(links[question], answers[question].length)).toEqual(answers[question]);
  });

  it('is linked to by a link that no shell and no terminal takes apart', async () => {
    expect(await scenes.shim('ui', '--waiting', '--print')).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/[A-Za-z0-9/%?=._-]+$/);
  });

  it.each(sceneNames)('shows of %s why it is as it is, and what a person can do', async (name) => {
    await ui.read(page(session(name)), 'timeline', [session(name), ...pages[name].timeline]);
    await ui.read(page(session(name)), 'user-metadata', [`command ${name}: node ../agent.mjs`, ...pages[name].details]);
  });

  it('shows of a session what it can be searched for by', async () => {
    await ui.read(page(session('write-docs')), 'search-attributes', ['ShimState', '"waiting_for_limit"', 'ShimAccount', '"claude-code/ana"', 'ShimLastExit', '"limit_reached"']);
  });

  it('shows of an account for what its sessions wait, and how to end that', async () => {
    await ui.read(page('account/claude-code/ana'), 'timeline', [/until one session tries again: You have hit your usage limit/]);
    await ui.read(page('account/claude-code/ana'), 'user-metadata', ['limits of claude-code/ana', 'Its sessions wait here for one timer', 'shim account claude-code/ana cancel', 'write-docs, since']);
  });

  it('shows of a fleet its members, and how to end it', async () => {
    await ui.read(page(`fleet/${sceneFleet}`), 'user-metadata', ['running: 4 of 4 running', 'rest_for_one', `shim fleet ${sceneFleet} stop`]);
  });

  it('shows of an experiment what is tried, how it stands, and what a person can do', async () => {
    const experiment = page(`experiment/${sceneExperiment}`);
    await ui.read(experiment, 'timeline', [/running, next look in .*: /, 'of new sessions are in it']);
    await ui.read(experiment, 'user-metadata', ['is danger_zone 0.6 better than 0.75?', 'agents that are recycled earlier crash less often', 'less is better', 'it decides by itself', 'pauseExperiment']);
    await ui.read(experiment, 'search-attributes', ['ShimPhase', '"running"', 'ShimParameter', '"danger_zone"']);
  });
});
