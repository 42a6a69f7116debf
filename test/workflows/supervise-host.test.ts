import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { poll } from '../support/poll.js';
import { SupervisedHost } from '../support/supervised-host.js';
import { WorkflowEnvironment } from '../support/workflow-environment.js';

let environment: WorkflowEnvironment;
beforeAll(async () => {
  environment = await WorkflowEnvironment.create();
});
afterAll(() => environment.close());

/** The grace of a lost lease passes for real: while a lease waits for its host, the time-skipping server skips nothing. */
const patience = 25_000;

describe.concurrent('a host', () => {
  it('that was never there is not called down', async () => {
    const host = await SupervisedHost.start(environment, { away: true });
    expect(await host.status()).toMatchObject({ state: 'never_seen', leases: 0, lease: null });
    await host.comes();
    expect(await host.until(({ state }) => state === 'up')).toMatchObject({ leases: 1, lease: { bootId: 'boot', pid: 7 } });
    await host.dispose();
  });

  it('that holds a new lease within the grace was never down', async () => {
    const host = await SupervisedHost.start(environment);
    await host.until(({ state }) => state === 'up');
    host.loseLease('its heartbeats stopped');
    expect(await host.until(({ leases }) => leases === 2)).toMatchObject({ state: 'up', reason: 'holds its lease' });
    await host.dispose();
  });

  it('that holds none when the grace is over is down, says why, and is up again when it returns', async () => {
    const host = await SupervisedHost.start(environment);
    const { sinceMs } = await host.until(({ state }) => state === 'up');
    host.loseLease('its heartbeats stopped');
    await host.goes();
    expect(await host.status()).toMatchObject({ state: 'up' });
    const down = await host.until(({ state }) => state === 'down', patience);
    expect(down.sinceMs - sinceMs).toBeGreaterThanOrEqual(20_000);
    await host.comes();
    await host.until(({ state }) => state === 'up');
    await host.dispose();
  });

  it('that hangs loses its lease for want of a heartbeat, is down when the grace is over, and up again when it wakes', async () => {
    const host = await SupervisedHost.start(environment);
    const { sinceMs } = await host.until(({ state }) => state === 'up');
    host.hangs = true;
    const down = await host.until(({ state }) => state === 'down', 50_000);
    expect(down).toMatchObject({ reason: 'its worker sent no heartbeat', leases: 1 });
    expect(down.sinceMs - sinceMs).toBeGreaterThanOrEqual(20_000);
    host.hangs = false;
    host.loseLease('it woke');
    expect(await host.until(({ state }) => state === 'up')).toMatchObject({ leases: 2 });
    await host.dispose();
  });

  it('that cannot hold a lease is asked again, and not more than once a second', async () => {
    const host = await SupervisedHost.start(environment, { away: true });
    host.refusal = 'the host is out of file descriptors';
    await host.comes();
    const fromMs = Date.now();
    await poll(() => Promise.resolve(host.leasesAsked), (asked) => asked >= 3);
    expect(Date.now() - fromMs).toBeGreaterThan(1_900);
    expect(await host.status()).toMatchObject({ state: 'never_seen', leases: 0 });
    host.refusal = null;
    await host.until(({ state }) => state === 'up');
    await host.dispose();
  });
});
