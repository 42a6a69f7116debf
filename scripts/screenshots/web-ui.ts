import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { chromium, type Browser, type Page } from 'playwright-core';
import { isProgram } from '../stack/programs.js';

const patienceMs = 60_000;
const pollMs = 100;

/** Of a page in a picture: wide enough for a list with its times. */
export const viewport = { width: 1_280, height: 860 };

/** Nothing of it calls out; it has no sandbox where it is run as root, and shows pages of this machine alone. */
const args = ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

/** What a person would choose of a list's columns (Configure Columns): SHIM's search attributes in place of the run and its end. */
const columns = ['Status', 'Workflow ID', 'ShimState', 'ShimAttempt', 'ShimRestarts', 'ShimLastExit', 'ShimFleet'];

/** The status of a run that another one has taken over from, as its page shows it. */
const continuedAsNew = 'CONTINUED AS NEW';

/** The tabs of a workflow's page that carry text of SHIM. */
export type WorkflowTab = 'timeline' | 'history' | 'user-metadata' | 'search-attributes' | 'query' | 'pending-activities';

/** Chromium's program, of Debian or on PATH; null on a machine that has none. */
export function findChromium(environment: NodeJS.ProcessEnv = process.env): string | null {
  const folders = (environment['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.flatMap((folder) => [join(folder, 'chromium'), join(folder, 'chromium-browser')]).find(isProgram) ?? null;
}

/** The Temporal Web UI as a person sees it: a real browser without a window. */
export class WebUi {
  private constructor(
    private readonly browser: Browser,
    readonly page: Page,
  ) {}

  static async open(executablePath: string): Promise<WebUi> {
    const browser = await chromium.launch({ executablePath, args });
    // Times are shown in the browser's zone.
    const context = await browser.newContext({ viewport, timezoneId: 'UTC', locale: 'en-GB' });
    // The page itself is as wide as the picture.
    await context.addInitScript({ content: `localStorage.setItem('navOpen', 'false')` });
    await context.addInitScript({ content: `localStorage.setItem('namespace-workflow-table-columns', ${JSON.stringify(JSON.stringify({ default: columns.map((label) => ({ label })) }))})` });
    return new WebUi(browser, await context.newPage());
  }

  close(): Promise<void> {
    return this.browser.close();
  }

  /** Ids of the workflows that a list's page shows, sorted, once it shows as many as it says, and no fewer than `atLeast`: it counts before it has looked. */
  async listed(link: string, atLeast: number): Promise<string[]> {
    await this.page.goto(link);
    let ids: string[] = [];
    await this.until(async () => {
      const text = await this.text();
      const count = /\b(\d+)\s+Workflows?\b/.exec(text)?.[1];
      ids = await this.page.locator('tbody a[href*="/workflows/"]').evaluateAll((links) => [...new Set(links.map((link) => decodeURIComponent(/\/workflows\/([^/?]+)/.exec(link.getAttribute('href') ?? '')?.[1] ?? '')))]);
      return count === String(ids.length) && ids.length >= atLeast ? null : `${count ?? 'no'} workflows, of which it shows ${ids.join(', ')}:\n${text}`;
    });
    return ids.sort();
  }

  /** What a tab of the page of a workflow's latest run shows, once all of `wanted` is in it. @param workflow its page's address. @throws Error with what it showed instead. */
  async read(workflow: string, tab: WorkflowTab, wanted: readonly (string | RegExp)[]): Promise<string> {
    await this.openTab(workflow, tab);
    let text = '';
    await this.until(async () => {
      text = await this.text();
      if (text.includes(continuedAsNew)) {
        await this.openLatest(workflow);
        await this.openTab(workflow, tab);
        return `${workflow} has gone on in another run`;
      }
      const missing = wanted.filter((each) => (typeof each === 'string' ? !text.includes(each) : !each.test(text)));
      return missing.length === 0 ? null : `${workflow}, ${tab} lacks ${missing.join(' and ')}:\n${text}`;
    });
    return text;
  }

  /** All visible text: User Metadata is in frames of its own. */
  async text(): Promise<string> {
    const texts = await Promise.all(this.page.frames().map((frame) => frame.locator('body').innerText({ timeout: 1_000 }).catch(() => '')));
    return texts.join('\n').replace(/[ \t\u00a0]+/g, ' ');
  }

  /** Of the run that is open, or else of the latest one; the tab is a path under it. */
  private async openTab(workflow: string, tab: WorkflowTab): Promise<void> {
    if (!this.page.url().startsWith(`${workflow}/`)) await this.openLatest(workflow);
    const run = /^.*\/workflows\/[^/]+\/[^/]+/.exec(this.page.url())?.[0];
    if (!this.page.url().includes(`/${tab}`)) await this.page.goto(`${run}/${tab}`);
  }

  /** Without a run in it, the address leads to the latest one. */
  private async openLatest(workflow: string): Promise<void> {
    await this.page.goto(workflow);
    await this.page.waitForURL(/\/workflows\/[^/]+\/[^/]+\/timeline/, { timeout: patienceMs });
  }

  /** @param lacks what is not so yet; null once it is. */
  private async until(lacks: () => Promise<string | null>): Promise<void> {
    const deadline = performance.now() + patienceMs;
    for (;;) {
      const problem = await lacks();
      if (problem === null) return;
      if (performance.now() > deadline) throw new Error(`the Web UI never showed it: ${problem}`);
      await delay(pollMs);
    }
  }
}
