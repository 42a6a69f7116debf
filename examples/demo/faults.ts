import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { agentPid } from '../../client/agent-pid.js';
import type { ShimClient } from '../../client/shim-client.js';
import { SessionFolder } from '../../host/session-folder.js';
import { readWorkerRecord } from '../../host/shim-home.js';

const waitMs = 30_000;

/** What the demo did to whom, and how long it took to be as before. */
export interface SeenFault {
  what: string;
  recovery: string;
}

/** The demo's faults: real signals to real processes, each awaited until the system is whole again. */
export class DemoFaults {
  readonly seen: SeenFault[] = [];

  constructor(
    private readonly client: ShimClient,
    private readonly home: string,
    private readonly say: (what: string) => void,
  ) {}

  /** SIGKILL between the two halves of an item's write. */
  async killInMidStep(name: string, ledger: string, item: number): Promise<void> {
    await until(() => existsSync(ledger) && readFileSync(ledger, 'utf8').includes(`begin ${item} `), `item ${item} of ${name}`);
    const epoch = await this.signalAgent(name, 'SIGKILL', `SIGKILL ${name} in the middle of item ${item}`);
    await this.untilNextAttempt(name, epoch, `${name}: SIGKILL in mid-step`);
  }

  /** SIGKILL of the host worker: its agents go on, and the next worker adopts them. */
  async killHostWorker(names: readonly string[]): Promise<void> {
    const before = names.map((name) => this.pidOf(name));
    const worker = readWorkerRecord(this.home, 'host-worker');
    if (!worker) throw new Error('the host worker left no record');
    this.say(`SIGKILL the host worker (pid ${worker.pid})`);
    const killedMs = performance.now();
    process.kill(worker.pid, 'SIGKILL');
    await until(() => (readWorkerRecord(this.home, 'host-worker')?.pid ?? worker.pid) !== worker.pid, 'a new host worker');
    const adopted = names.filter((name, index) => this.pidOf(name) === before[index]).length;
    this.seen.push({ what: 'host worker: SIGKILL', recovery: `back after ${seconds(performance.now() - killedMs)}; ${adopted} of ${names.length} agents adopted, none started again` });
  }

  /** SIGSTOP: the process is there and does nothing; only a watchdog sees it. */
  async stopBySignal(name: string): Promise<void> {
    const epoch = await this.signalAgent(name, 'SIGSTOP', `SIGSTOP ${name}: it hangs from now on`);
    await this.untilNextAttempt(name, epoch, `${name}: SIGSTOP (found hung after 4 s of silence)`);
  }

  private async signalAgent(name: string, signal: NodeJS.Signals, what: string): Promise<number> {
    const { epoch } = await this.client.status(name);
    const pid = this.pidOf(name);
    if (pid === null) throw new Error(`${name} is not running`);
    this.say(what);
    process.kill(pid, signal);
    return epoch;
  }

  private async untilNextAttempt(name: string, epoch: number, what: string): Promise<void> {
    const folder = new SessionFolder(this.home, name);
    await until(() => folder.attempt(epoch + 1).receipt()?.timing.endToRunningMs != null, `attempt ${epoch + 1} of ${name}`);
    const receipt = folder.attempt(epoch + 1).receipt();
    const { endToSpawnMs = 0, endToRunningMs = 0 } = receipt?.timing ?? {};
    this.seen.push({ what, recovery: `${receipt?.cause.exitClass}; new process after ${endToSpawnMs} ms, running after ${endToRunningMs} ms; told of ${receipt?.inFlight.length} in flight` });
  }

  private pidOf(name: string): number | null {
    const attempt = new SessionFolder(this.home, name).attempts().at(-1);
    return attempt ? agentPid(attempt.path) : null;
  }
}

async function until(holds: () => boolean, what: string): Promise<void> {
  const deadline = performance.now() + waitMs;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`waited ${waitMs / 1_000} s for ${what}`);
    await delay(10);
  }
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
