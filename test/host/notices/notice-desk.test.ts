import { createHmac } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { aNotice, NoticeWorld } from '../../support/notice-world.js';

let world: NoticeWorld;
beforeEach(async () => {
  world = await NoticeWorld.open();
});
afterEach(() => world.close());

const script = (name: string, text: string): string => {
  const path = join(world.home, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  return path;
};

describe('a notice', () => {
  it('comes to a webhook as JSON, signed over its timestamp and body', async () => {
    world.configure([world.hook()]);
    await world.desk().desk.take(aNotice('n-1', { line: 'api is completed: "ok" ✓' }));
    const [request] = await world.webhook.received(1);
    const { headers, body } = request ?? { headers: {}, body: '' };
    const timestamp = String(headers['shim-timestamp']);
    expect(headers['shim-signature']).toBe(`sha256=${createHmac('sha256', 'a secret').update(`${timestamp}.${body}`).digest('hex')}`);
    expect(Math.abs(Number(timestamp) - Date.now() / 1_000)).toBeLessThan(60);
    expect(headers['shim-notice-id']).toBe('n-1');
    expect(JSON.parse(body)).toMatchObject({ id: 'n-1', kind: 'finished', session: 'api', text: 'api is completed: "ok" ✓' });
  });

  it('comes to a command on its stdin and in its environment, with no shell between', async () => {
    const program = script('tell', `cat > "${world.home}/stdin"; printf '%s|%s|%s|%s' "$SHIM_NOTICE_ID" "$SHIM_NOTICE_KIND" "$SHIM_NOTICE_LINE" "$1" > "${world.home}/seen"`);
    world.configure([{ name: 'tell', type: 'command', argv: [program, '$(touch evil)'] }]);
    await world.desk().desk.take(aNotice('n-1', { line: 'a `line` $(x)' }));
    await world.settled('n-1');
    expect(JSON.parse(world.read('stdin'))).toMatchObject({ id: 'n-1', session: 'api' });
    expect(world.read('seen')).toBe('n-1|finished|a `line` $(x)|$(touch evil)');
  });

  it('comes to the desktop, its words as arguments', async () => {
    script('bin/notify-send', `printf '%s\\n' "$@" > "${world.home}/shown"`);
    world.configure([{ name: 'desk', type: 'desktop' }]);
    await world.desk().desk.take(aNotice('n-1', { kind: 'needs_person', need: 'login', line: '--icon=x; rm -rf' }));
    await world.settled('n-1');
    expect(world.read('shown').split('\n').slice(1, 5)).toEqual(['--urgency=critical', '--', 'SHIM: api needs person', '--icon=x; rm -rf']);
  });

  it('that is taken twice, at once and by a later worker, is told once', async () => {
    world.configure([world.hook()]);
    const { desk } = world.desk();
    await Promise.all([desk.take(aNotice('n-1')), desk.take(aNotice('n-1'))]);
    await world.settled('n-1');
    const later = world.desk().desk;
    expect(later.resume()).toBe(0);
    await later.take(aNotice('n-1'));
    await later.take(aNotice('n-2'));
    await world.settled('n-2');
    expect(world.webhook.requests.map(({ headers }) => headers['shim-notice-id'])).toEqual(['n-1', 'n-2']);
  });

  it('goes to those channels only that are told of its kind', async () => {
    world.configure([world.hook({ name: 'all' }), world.hook({ name: 'bad', on: ['failed'] })]);
    await world.desk().desk.take(aNotice('n-1'));
    await world.settled('n-1');
    expect(world.told).toMatchObject([{ channel: 'all', problem: null }]);
  });

  it('is tried again where the receiver is down for a while, and not where it refuses it', async () => {
    world.configure([world.hook()]);
    world.webhook.answers.push(503, 429, 204, 400);
    const { desk } = world.desk();
    await desk.take(aNotice('n-1'));
    await world.settled('n-1');
    await desk.take(aNotice('n-2'));
    await world.settled('n-2');
    expect(world.webhook.requests.map(({ headers }) => headers['shim-notice-id'])).toEqual(['n-1', 'n-1', 'n-1', 'n-2']);
    expect(world.told).toMatchObject([{ id: 'n-1', problem: null }, { id: 'n-2', problem: 'the webhook answered (400)' }]);
  });

  it('follows no redirect, and is not sent unsigned', async () => {
    world.configure([world.hook(), world.hook({ name: 'unsigned', secretEnv: 'NO_SUCH_NAME' })]);
    world.webhook.answers.push(302);
    await world.desk().desk.take(aNotice('n-1'));
    expect(await world.settled('n-1')).toMatchObject({
      deliveries: [
        { channel: 'hook', state: 'failed', problem: 'the webhook answered with a redirect, which is not followed (302)' },
        { channel: 'unsigned', state: 'failed', problem: expect.stringContaining("the host worker's environment has no NO_SUCH_NAME") },
      ],
    });
    expect(world.webhook.requests).toHaveLength(1);
  });

  it('reaches the others while a channel does not answer, and that one is given up by its time', async () => {
    const program = script('tell', `sleep 600 & exec sleep 600`);
    world.configure([{ name: 'stuck', type: 'command', argv: [program], timeoutSeconds: 1 }, world.hook({ name: 'silent', timeoutSeconds: 1 })]);
    world.webhook.answers.push('hang');
    await world.desk({ retries: 0, minTimeout: 1, maxTimeout: 1 }).desk.take(aNotice('n-1'));
    world.configure([world.hook()]);
    await world.desk().desk.take(aNotice('n-2'));
    expect((await world.until(3)).toSorted((a, b) => String(a.channel).localeCompare(String(b.channel)))).toMatchObject([
      { channel: 'hook', problem: null },
      { channel: 'silent', problem: 'the webhook did not answer within 1 s' },
      { channel: 'stuck', problem: `${program} did not end within 1 s` },
    ]);
    expect(processesWith(program)).toEqual([]);
  });

  it('that a worker did not come to tell is told by the next', async () => {
    world.configure([world.hook()]);
    world.webhook.answers.push('hang');
    const { desk, dies } = world.desk();
    await desk.take(aNotice('n-1'));
    await world.webhook.received(1);
    dies();
    // In the midst of writing another, too.
    writeFileSync(join(world.home, 'notices', 'n-2.json.541082163'), '{"half":');
    expect(world.desk().desk.resume()).toBe(1);
    expect(readdirSync(join(world.home, 'notices'))).toEqual(['n-1.json']);
    expect(await world.settled('n-1')).toMatchObject({ deliveries: [{ state: 'delivered' }] });
    expect(world.webhook.requests.map(({ headers }) => headers['shim-notice-id'])).toEqual(['n-1', 'n-1']);
  });

  it('that is a day old is told no more, nor through a channel that is gone', async () => {
    world.configure([world.hook()]);
    world.webhook.answers.push('hang');
    const { desk, dies } = world.desk();
    await desk.take(aNotice('old', { atMs: Date.now() - 90_000_000 }));
    await world.settled('old');
    await desk.take(aNotice('n-1'));
    await world.webhook.received(1);
    dies();
    world.configure([world.hook({ name: 'another' })]);
    world.desk().desk.resume();
    expect(await world.settled('n-1')).toMatchObject({ deliveries: [{ state: 'failed', problem: 'the channel is no longer configured' }] });
    expect(world.told[0]).toMatchObject({ id: 'old', problem: 'it is no news any more' });
  });

  it('leaves nothing where nobody asked to be told, and an old record goes with the next', async () => {
    const { desk } = world.desk();
    await desk.take(aNotice('n-0'));
    expect(existsSync(join(world.home, 'notices'))).toBe(false);
    world.configure([world.hook()]);
    mkdirSync(join(world.home, 'notices'));
    const old = join(world.home, 'notices', 'old.json');
    writeFileSync(old, '{');
    utimesSync(old, 1, 1);
    await desk.take(aNotice('n-1'));
    await world.settled('n-1');
    expect(readdirSync(join(world.home, 'notices'))).toEqual(['n-1.json']);
  });
});

describe('settings that cannot be used', () => {
  it.each<{ what: string; settings: unknown; mode?: number; words: RegExp }>([
    { what: 'can be read by others', settings: [], mode: 0o644, words: /notices\.json can be read by others; run: chmod 600/ },
    { what: 'are no JSON', settings: '{"channels": [', words: /is no JSON/ },
    { what: 'name no secret', settings: [{ name: 'a', type: 'webhook', url: 'https://x.example/' }], words: /channels\.0: name the secret/ },
    { what: 'name two secrets', settings: [{ name: 'a', type: 'webhook', url: 'https://x.example/', secretEnv: 'A', secretFile: '/b' }], words: /name the secret/ },
    { what: 'have the secret itself', settings: [{ name: 'a', type: 'webhook', url: 'https://x.example/', secret: 'oops' }], words: /Unrecognized key/ },
    { what: 'have an address that is none of the web', settings: [{ name: 'a', type: 'webhook', url: 'file:///etc/passwd', secretEnv: 'A' }], words: /url/ },
    { what: 'have two channels of one name', settings: [{ name: 'a', type: 'desktop' }, { name: 'a', type: 'desktop' }], words: /two channels have the same name/ },
    { what: 'have a command without a program', settings: [{ name: 'a', type: 'command', argv: [] }], words: /argv/ },
  ])('are told by the notice that nobody hears of, where they $what', async ({ settings, mode, words }) => {
    world.configure(settings, mode);
    await world.desk().desk.take(aNotice('n-1'));
    expect(world.told).toMatchObject([{ id: 'n-1', channel: null, problem: expect.stringMatching(words) }]);
    expect(await world.settled('n-1')).toMatchObject({ deliveries: [], problem: expect.stringMatching(words) });
  });
});

describe('a test of the channels', () => {
  it('tries each once and says how it went', async () => {
    world.configure([world.hook(), { name: 'gone', type: 'command', argv: ['/no/such/program'] }]);
    world.webhook.answers.push(204);
    expect(await world.desk().desk.tryChannels({})).toEqual([
      { name: 'hook', type: 'webhook', problem: null },
      { name: 'gone', type: 'command', problem: '/no/such/program cannot be run (ENOENT)' },
    ]);
    await expect(async () => world.desk().desk.tryChannels({ channel: 'nobody' })).rejects.toThrow('there is no channel nobody');
  });
});

/** Pids of living processes whose command line names this. */
function processesWith(text: string): string[] {
  return readdirSync('/proc').filter((entry) => /^\d+$/.test(entry) && commandLine(entry).includes(text));
}

function commandLine(pid: string): string {
  try {
    return world.read(join('..', '..', 'proc', pid, 'cmdline'));
  } catch {
    return '';
  }
}
