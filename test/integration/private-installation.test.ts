import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readWorkerRecord } from '../../host/shim-home.js';
import { anyFreePort } from '../../workers/embedded/free-port.js';
import { readTemporalRecord } from '../../workers/embedded/temporal-server.js';
import { runCli } from '../client/built-cli.js';
import { Installation, type ScriptedSession } from '../support/installation.js';
import { listeners } from '../support/listening.js';
import { poll } from '../support/poll.js';
import { projectRoot } from '../support/project-root.js';

/** Prometheus reads it as a user of its own: ports, and nothing else. */
const forOthers = ['run/metrics-targets', 'run/metrics-targets/control.json', 'run/metrics-targets/host.json'];

describe('an installation that was used', () => {
  const shim = new Installation();
  const name = 'a-name-of-somebody';
  const secret = 'a-value-that-is-nobodys-business';
  let alertPort: number;
  let session: ScriptedSession;

  beforeAll(async () => {
    alertPort = await anyFreePort();
    Object.assign(shim.environment, { SHIM_ALERT_PORT: String(alertPort), PRIVATE_THING: secret });
    await shim.up();
    session = await shim.startScripted(name, ['--items', '100000', '--step-ms', '200'], { environmentNames: ['PRIVATE_THING'] });
    await session.untilItem(2);
    process.kill(session.pid(), 'SIGKILL');
    await session.receipt(2);
    for (const argv of [['checkpoint', name], ['send', name, 'and then this'], ['kaizen', 'start'], ['pause', name], ['encryption', 'rotate']]) {
      expect(await runCli(argv, { SHIM_HOME: shim.home }), argv.join(' ')).toMatchObject({ exitCode: 0 });
    }
  });
  afterAll(() => shim.remove());

  it('keeps its files from all other users of the machine', () => {
    const entries = readdirSync(shim.home, { recursive: true, withFileTypes: true }).map((entry) => join(entry.parentPath, entry.name));
    expect(entries.length).toBeGreaterThan(50);
    const open = [shim.home, ...entries].filter((path) => !lstatSync(path).isSymbolicLink() && (lstatSync(path).mode & 0o077) !== 0);
    // What an agent writes into its own folder of state has the rights that it gives it; nobody else comes to that folder.
    const ofAgent = join(session.folder.path, 'checkpoints', 'agent', sep);
    expect(open.filter((path) => !path.startsWith(ofAgent)).map((path) => relative(shim.home, path)).sort()).toEqual(forOthers);
  });

  it('leaves agents the rights for new files that their user wants', () => {
    const made = lstatSync(session.ledger).mode & 0o777;
    expect(made).toBe(0o666 & ~process.umask());
  });

  it('listens on the loopback interface alone', () => {
    const inodes = new Set(socketsOf(shim.home));
    const own = listeners().filter(({ inode }) => inodes.has(inode));
    const temporal = readTemporalRecord(shim.home);
    const known = [temporal?.port, temporal?.uiPort, alertPort, ...(['host-worker', 'control-worker'] as const).map((worker) => readWorkerRecord(shim.home, worker)?.metricsPort)];
    for (const port of known) expect(own.map((listener) => listener.port)).toContain(port);
    expect(own.filter(({ address }) => address !== '127.0.0.1')).toEqual([]);
  });

  it.each(['host-worker', 'control-worker'] as const)('tells who reads the metrics of its %s no name, path or secret', async (worker) => {
    const text = await (await fetch(`http://127.0.0.1:${readWorkerRecord(shim.home, worker)?.metricsPort}/metrics`)).text();
    expect(text).toContain('shim_');
    const status = await session.status();
    for (const unspoken of [name, secret, shim.home, session.ledger, status.sessionId]) expect(text).not.toContain(unspoken);
  });

  it('does not take a control worker beside its own, as the image runs one, for its own', async () => {
    const targets = join(shim.home, 'run', 'metrics-targets');
    const before = { record: readWorkerRecord(shim.home, 'control-worker'), target: readFileSync(join(targets, 'control.json'), 'utf8') };
    const port = await anyFreePort();
    const beside = execa(process.execPath, [join(projectRoot(), 'dist', 'workers', 'control-worker.js')], {
      env: { ...shim.environment, SHIM_ALERT_PORT: undefined, SHIM_HOME: shim.home, TEMPORAL_ADDRESS: readTemporalRecord(shim.home)?.address, SHIM_CONTROL_METRICS_PORT: String(port), SHIM_SERVICE: undefined },
      stdio: 'ignore',
      reject: false,
    });
    try {
      const found = await poll(() => Promise.resolve(readOrEmpty(join(targets, `control-${port}.json`))), (text) => text !== '', 30_000);
      expect(JSON.parse(found)).toMatchObject([{ targets: [`127.0.0.1:${port}`], labels: { worker: 'control' } }]);
      expect({ record: readWorkerRecord(shim.home, 'control-worker'), target: readFileSync(join(targets, 'control.json'), 'utf8') }).toEqual(before);
    } finally {
      beside.kill();
      await beside;
    }
  });
});

/** Inodes of the sockets of the processes that serve a $SHIM_HOME. */
function socketsOf(home: string): string[] {
  const pids = readdirSync('/proc').filter((entry) => /^\d+$/.test(entry) && readOrEmpty(`/proc/${entry}/environ`).split('\0').includes(`SHIM_HOME=${home}`));
  return pids.flatMap((pid) => readdirSync(`/proc/${pid}/fd`).flatMap((fd) => /^socket:\[(\d+)\]$/.exec(linkOrEmpty(`/proc/${pid}/fd/${fd}`))?.[1] ?? []));
}

/** A process may end while it is looked at, and another user's is none of ours. */
function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function linkOrEmpty(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
