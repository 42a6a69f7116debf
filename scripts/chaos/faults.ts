import { existsSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { readService, serviceNames, type ServiceName } from '../../workers/embedded/keeper.js';
import { shellSpawnersOf } from '../../test/support/shell-spawners.js';
import type { Hurt } from './disk.js';
import type { Fleet, Worker } from './fleet.js';
import type { Fault } from './schedule.js';
import type { Watch } from './watch.js';

const dayMs = 86_400_000;

/** What a slow disk lets through in a second, bytes. */
const slowest = 100_000;
const fastest = 3_000_000;

/** Does what a schedule says; what lasts is lifted by itself, or all at once by `lift`. */
export class Faults {
  private readonly lasting = new Set<() => void>();

  constructor(
    private readonly fleet: Fleet,
    private readonly watch: Watch,
  ) {}

  /** @returns what was done, one line; null where there was nothing to do it to. */
  async inflict(fault: Fault): Promise<string | null> {
    const worker = this.fleet.workers[fault.session];
    if (!worker) return null;
    switch (fault.kind) {
      case 'kill-agent':
        return this.kill(this.fleet.living().get(worker.name)?.[0], `agent of ${worker.name}`);
      case 'kill-holder':
        return this.kill(holderOf(worker), `holder of ${worker.name}`);
      case 'kill-spawner':
        return this.kill(shellSpawnersOf(readService(this.fleet.home, 'host-worker').pid ?? 0)[0], 'what starts holders');
      case 'kill-host-worker':
      case 'kill-control-worker':
      case 'kill-temporal': {
        const name = fault.kind.slice('kill-'.length) as ServiceName;
        return this.kill(readService(this.fleet.home, name).pid, name);
      }
      case 'kill-keeper': {
        const name = serviceNames[fault.session % serviceNames.length] ?? 'temporal';
        this.startAgainAfter(fault.lastsMs);
        return this.kill(readService(this.fleet.home, name).keeperPid, `keeper of ${name}`);
      }
      case 'kill-everything':
        return this.killEverything(fault);
      case 'freeze-agent':
        return this.freeze(this.fleet.living().get(worker.name)?.[0], `agent of ${worker.name}`, fault.lastsMs);
      case 'freeze-holder':
        return this.freeze(holderOf(worker), `holder of ${worker.name}`, fault.lastsMs);
      case 'freeze-host-worker':
      case 'freeze-control-worker':
      case 'freeze-temporal': {
        const name = fault.kind.slice('freeze-'.length) as ServiceName;
        return this.freeze(readService(this.fleet.home, name).pid, name, fault.lastsMs);
      }
      case 'fill-disk':
        return this.hurtDisk(this.fleet.disk.fill(), fault.lastsMs);
      case 'freeze-disk':
        return this.hurtDisk(this.fleet.disk.freeze(fault.lastsMs), fault.lastsMs);
      case 'slow-disk':
        return this.hurtDisk(this.fleet.disk.slow(slowest * (fastest / slowest) ** fault.part), fault.lastsMs);
      case 'tear-file':
        return this.fleet.disk.isFrozen ? null : tear(worker, fault.part);
      case 'turn-clock':
        return this.turnClock(fault);
      case 'ask-checkpoint':
        return this.ask(worker, 'checkpointNow');
      case 'ask-pause':
        return this.askPause(worker, fault.lastsMs);
      case 'ask-stop':
        return this.askStop(worker);
    }
  }

  /** Ends everything that lasts. */
  lift(): void {
    for (const end of this.lasting) end();
  }

  private kill(pid: number | null | undefined, what: string): string | null {
    return send(pid, 'SIGKILL') ? `killed ${what} (${pid})` : null;
  }

  private freeze(pid: number | null | undefined, what: string, lastsMs: number): string | null {
    if (!send(pid, 'SIGSTOP')) return null;
    this.last(lastsMs, () => send(pid, 'SIGCONT'));
    return `froze ${what} (${pid})`;
  }

  /** As a power cut does it to processes: all at once. */
  private killEverything(fault: Fault): string {
    const services = serviceNames.map((name) => readService(this.fleet.home, name));
    const agents = [...this.fleet.living().values()].flat();
    for (const pid of [...services.map(({ keeperPid }) => keeperPid), ...services.map(({ pid }) => pid), ...this.fleet.workers.map(holderOf), ...agents]) send(pid, 'SIGKILL');
    this.startAgainAfter(fault.lastsMs);
    return `killed everything: ${services.length} services, ${agents.length} agents`;
  }

  private startAgainAfter(lastsMs: number): void {
    // Other faults go on meanwhile, so that it may not come up: the end of the run starts what is missing.
    this.last(lastsMs, () => void this.fleet.up().catch((error: unknown) => this.watch.note(`a start did not come to its end: ${String(error)}`)));
  }

  private hurtDisk(hurt: Hurt | null, lastsMs: number): string | null {
    if (hurt) this.last(lastsMs, () => hurt.end());
    return hurt?.what ?? null;
  }

  private turnClock({ lastsMs, part }: Fault): string {
    const offsetMs = Math.round((part * 2 - 1) * dayMs);
    writeFileSync(this.fleet.clockFile, String(offsetMs));
    this.last(lastsMs, () => writeFileSync(this.fleet.clockFile, '0'));
    return `turned the workers' clocks by ${Math.round(offsetMs / 60_000)} min`;
  }

  private async ask({ name }: Worker, command: 'checkpointNow' | 'pause' | 'resume' | 'stop'): Promise<string | null> {
    try {
      const { outcome } = await this.fleet.ask((client) => client.command(command, name, { by: 'chaos' }));
      return `${command} of ${name}: ${outcome}`;
    } catch (error) {
      return `${command} of ${name} was refused: ${error instanceof Error ? error.message.slice(0, 100) : String(error)}`;
    }
  }

  private async askPause(worker: Worker, lastsMs: number): Promise<string | null> {
    if (this.watch.isStopped(worker.name)) return null;
    const said = await this.ask(worker, 'pause');
    this.watch.paused(worker.name);
    await delay(lastsMs);
    return `${said}; ${await this.ask(worker, 'resume')}`;
  }

  private async askStop(worker: Worker): Promise<string | null> {
    // Before it is asked: an answer that is lost on its way must not hide that it was heard.
    this.watch.stopping(worker.name);
    return this.ask(worker, 'stop');
  }

  private last(ms: number, end: () => void): void {
    const over = () => {
      clearTimeout(timer);
      if (this.lasting.delete(over)) end();
    };
    const timer = setTimeout(over, ms);
    this.lasting.add(over);
  }
}

/** Cuts one of a session's files that are replaced in one step, as a power cut may leave them. */
function tear({ folder }: Worker, part: number): string | null {
  const attempt = folder.attempts().at(-1);
  const manifests = join(folder.checkpointsPath, 'agent');
  const checkpoints = existsSync(folder.checkpointsPath) ? readdirSync(folder.checkpointsPath).filter((entry) => entry.startsWith('ck-')).sort() : [];
  const files = [
    ...(attempt ? ['live.json', 'receipt.json', 'decision.json'].map((file) => join(attempt.path, file)) : []),
    join(folder.path, 'state.json'),
    ...checkpoints.slice(-1).map((checkpoint) => join(folder.checkpointsPath, checkpoint, 'manifest.json')),
  ].filter((file) => existsSync(file) && !file.startsWith(manifests));
  const file = files[Math.floor(part * files.length)];
  if (file === undefined) return null;
  const length = readFileSync(file).length;
  truncateSync(file, Math.floor(length * ((part * 7_919) % 1)));
  return `tore ${file.slice(folder.path.length + 1)} of ${folder.name}`;
}

function holderOf({ folder }: Worker): number | null {
  const attempt = folder.attempts().at(-1);
  const file = attempt && join(attempt.path, 'holder.pid');
  if (!attempt || !file || !existsSync(file) || attempt.report()) return null;
  const pid = Number(readFileSync(file, 'utf8').trim().split(/\s/)[0]);
  return pid > 1 && isShell(pid) ? pid : null;
}

/** A pid may be another process's by now. */
function isShell(pid: number): boolean {
  try {
    return /^(\/bin\/)?(ba|da)?sh\0/.test(readFileSync(`/proc/${pid}/cmdline`, 'utf8'));
  } catch {
    return false;
  }
}

function send(pid: number | null | undefined, signal: NodeJS.Signals): boolean {
  if (!pid || pid <= 1) return false;
  try {
    return process.kill(pid, signal);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false;
    throw error;
  }
}
