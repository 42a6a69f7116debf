import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import pc from 'picocolors';
import { KaizenClient } from '../../client/kaizen-client.js';
import { ShimClient } from '../../client/shim-client.js';
import { createSpec } from '../../client/session-spec.js';
import { startSessionHere } from '../../client/start-session.js';
import { startServices, stopServices } from '../../workers/embedded/services.js';
import { verifyLedger } from '../scripted-agent/ledger.js';
import { DemoFaults } from './faults.js';
import { KaizenDemo } from './kaizen.js';
import { printKaizen } from './kaizen-summary.js';
import { printSummary, summarise } from './summary.js';
import { LiveTable } from './live-table.js';

const items = 8;
/** Eve is stopped last, and has to be at it still. */
const stepMs = { ada: 350, bob: 350, eve: 1_000 } as const;
const agents = ['ada', 'bob', 'eve'] as const;
const scriptedAgent = fileURLToPath(new URL('../scripted-agent/scripted-agent.js', import.meta.url));

/** From the start of all until the experiments are to have ended, ms; what has not ended by then is told as it stands. */
const experimentsUntilMs = 240_000;

/**
 * The main job in miniature. First, three agents do real, checkable work; one is killed in mid-step, then the host worker, then
 * one is stopped by SIGSTOP; the work itself is looked at: nothing lost, nothing done twice. Then a fleet of short agents, and the
 * kaizen loop at work on it: a change that helps, one that harms, and one that is right until the world changes.
 *
 * `--keep` leaves everything running, to be looked at in the Web UI. `--seed N` has the short agents crash at other times.
 */
async function main({ keep, seed }: { keep: boolean; seed: number }): Promise<boolean> {
  const beganMs = Date.now();
  const folder = mkdtempSync(join(tmpdir(), 'shim-demo-'));
  const home = join(folder, 'home');
  const say = (text: string) => process.stdout.write(`${text}\n`);
  say(pc.bold('SHIM demo, 1 of 2: three agents, three faults, no work lost or done twice'));
  let passed = false;
  try {
    await startServices({ home, environment: withoutTemporal(), onProgress: (text) => say(pc.dim(`  ${text}`)) });
    const client = await ShimClient.connect(home, withoutTemporal());
    try {
      say(`  Web UI: ${pc.cyan(client.uiUrl('ada') ?? '')}`);
      passed = await KaizenClient.with(home, withoutTemporal(), async (kaizen) => {
        const demo = new KaizenDemo({ client, kaizen, home, folder, seed, deadlineMs: beganMs + experimentsUntilMs, say });
        try {
          // The last fault is mostly waited for: the fleet comes to work meanwhile.
          const isWhole = await showFaults(client, home, folder, say, () => demo.begin());
          say(`\n${pc.bold(`SHIM demo, 2 of 2: the kaizen loop, on short agents with seed ${seed}`)}`);
          await demo.run();
          return printKaizen(demo.seen, await demo.readBack(), demo.sessions, say) && isWhole;
        } finally {
          await demo.end();
        }
      });
      say(`\nWeb UI: ${client.uiUrl('ada') ?? ''}${keep ? '' : pc.dim('  (gone now; npm run demo -- --keep leaves it running)')}`);
    } finally {
      await client.close();
    }
  } finally {
    if (keep) say(`Left running. Look: SHIM_HOME=${home} npx shim status. End it: SHIM_HOME=${home} npx shim down`);
    else {
      await stopServices({ home, onProgress: () => undefined });
      rmSync(folder, { recursive: true, force: true });
    }
  }
  return passed;
}

/** Three agents at work, and three faults. @param meanwhile begins with the last of them. @returns whether no work was lost or done twice. */
async function showFaults(client: ShimClient, home: string, folder: string, say: (text: string) => void, meanwhile: () => Promise<void>): Promise<boolean> {
  for (const name of agents) await startAgent(client, home, folder, name);
  const table = new LiveTable(client, agents);
  table.start();
  const faults = new DemoFaults(client, home, (what) => table.note(what));
  await faults.killInMidStep('ada', join(folder, 'ada.ledger'), 3);
  await faults.killHostWorker(agents);
  await Promise.all([faults.stopBySignal('eve'), meanwhile()]);
  for (const name of agents) await client.waitForState(name, ['completed', 'failed', 'stopped'], 60_000);
  await table.stop();
  const verdicts = agents.map((name) => ({ name, verdict: verifyLedger(readFileSync(join(folder, `${name}.ledger`), 'utf8'), items) }));
  const summary = summarise(home, agents, verdicts, items, faults.seen);
  printSummary(summary, say);
  return summary.passed;
}

async function startAgent(client: ShimClient, home: string, folder: string, name: (typeof agents)[number]): Promise<void> {
  const cwd = join(folder, name);
  mkdirSync(cwd);
  const argv = [process.execPath, scriptedAgent, '--ledger', join(folder, `${name}.ledger`), '--items', String(items), '--step-ms', String(stepMs[name])];
  const limits = { hangToolTimeoutMs: 4_000 };
  const parameters = { hangTimeoutMs: 4_000, backoffBaseMs: 500 };
  await startSessionHere(client, home, createSpec({ name, agent: 'command', argv, cwd, limits, parameters }));
}

/** The demo has a Temporal of its own, whatever the person's environment names. */
function withoutTemporal(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('TEMPORAL_')));
}

const { values } = parseArgs({ options: { keep: { type: 'boolean', default: false }, seed: { type: 'string', default: '1' } } });
process.exitCode = (await main({ keep: values.keep, seed: Number(values.seed) })) ? 0 : 1;
