import { Argument, type Command } from 'commander';
import type { Channel } from '../../../domain/notice-channels.js';
import { NoticeRecords, type NoticeRecord } from '../../../host/notices/notice-records.js';
import { noticeSettingsFile, NoticeSettingsError, readNoticeSettings } from '../../../host/notices/notice-settings.js';
import { hostId } from '../../../host/shim-home.js';
import { BadInputError, CommandRefusedError } from '../../errors.js';
import { ShimClient } from '../../shim-client.js';
import type { CliContext } from '../context.js';
import { exitCodes } from '../exit-codes.js';
import { formatWhen, oneLine } from '../format.js';
import { stateColour } from '../state-colour.js';
import { renderTable } from '../table.js';

const shownNotices = 20;

interface Options {
  channel?: string;
  json?: true;
}

export function addNotices(program: Command, context: CliContext): void {
  program
    .command('notices')
    .description('who is told when a session has finished, has failed or needs a person, and what was told')
    .addArgument(new Argument('[action]', 'list: the channels and the latest notices; test: send one through each channel').choices(['list', 'test']).default('list'))
    .option('--channel <name>', 'test: only this channel')
    .option('--json', 'print JSON')
    .addHelpText('after', () => `\nThe channels are in ${noticeSettingsFile(context.home)} (mode 0600), for example:\n\n${example}\n\nA change takes effect with the next notice. docs/notices.md has all fields, and how a webhook's signature is checked.`)
    .action((action: string, options: Options) => (action === 'test' ? test(context, options) : list(context, options)));
}

const example = `  {"channels": [
    {"name": "desk", "type": "desktop"},
    {"name": "log", "type": "command", "argv": ["/usr/local/bin/tell", "--quietly"], "on": ["failed", "needs_person"]},
    {"name": "chat", "type": "webhook", "url": "https://chat.example/hook", "secretEnv": "CHAT_SECRET"}
  ]}`;

function list(context: CliContext, { json }: Options): void {
  const channels = channelsOf(context).map(withoutPath);
  const notices = new NoticeRecords(context.home).all().slice(-shownNotices);
  if (json) {
    context.printJson({ channels, notices });
    return;
  }
  if (channels.length === 0) context.print(`nobody is told: ${noticeSettingsFile(context.home)} names no channel; an example: shim notices --help`);
  else context.print(renderTable(['CHANNEL', 'TYPE', 'TOLD OF', 'TO'], channels.map((channel) => [channel.name, channel.type, channel.on.join(', '), addressOf(channel)])));
  if (notices.length > 0) context.print(`\n${renderTable(['WHEN', 'SESSION', 'NOTICE', 'TOLD', 'LINE'], notices.map((record) => row(record, context)))}`);
}

function row({ notice, deliveries, problem }: NoticeRecord, { colours }: CliContext): string[] {
  const { session, kind, need, atMs, line } = notice;
  const told = deliveries.map(({ channel, state, problem }) => `${channel}: ${problem === null ? state : stateColour('failed', colours)}${problem === null ? '' : ` (${oneLine(problem, 60)})`}`);
  return [formatWhen(new Date(atMs).toISOString(), Date.now()), session, need ?? kind, problem === null ? told.join('; ') || '-' : oneLine(problem, 80), oneLine(line, 80)];
}

async function test(context: CliContext, { channel, json }: Options): Promise<void> {
  const channels = channelsOf(context);
  if (channels.length === 0) throw new BadInputError(`${noticeSettingsFile(context.home)} names no channel; an example: shim notices --help`);
  if (channel !== undefined && !channels.some(({ name }) => name === channel)) throw new BadInputError(`there is no channel ${JSON.stringify(channel)}; there is: ${channels.map(({ name }) => name).join(', ')}`);
  const client = await ShimClient.connect(context.home, context.environment);
  try {
    // By the host worker: the secret is in its environment, and it is it that tells.
    const tried = await client.tryNotices(hostId(context.home), channel === undefined ? {} : { channel });
    if (json) context.printJson(tried);
    else for (const { name, type, problem } of tried) context.print(`${name} (${type}): ${problem === null ? stateColour('ok', context.colours) : `${stateColour('fail', context.colours)}, ${oneLine(problem)}`}`);
    if (tried.some(({ problem }) => problem !== null)) process.exitCode = exitCodes.failure;
  } finally {
    await client.close();
  }
}

function channelsOf({ home }: CliContext): Channel[] {
  try {
    return readNoticeSettings(home)?.channels ?? [];
  } catch (error) {
    if (error instanceof NoticeSettingsError) throw new CommandRefusedError(error.message, { cause: error });
    throw error;
  }
}

/** A webhook's path is a key, to many services. */
function withoutPath(channel: Channel): Channel {
  return channel.type === 'webhook' ? { ...channel, url: new URL(channel.url).origin } : channel;
}

function addressOf(channel: Channel): string {
  switch (channel.type) {
    case 'command':
      return oneLine(channel.argv.join(' '), 60);
    case 'webhook':
      return oneLine(channel.url, 60);
    case 'desktop':
      return 'this desktop';
  }
}
