import { platform } from 'node:process';
import type { Notice } from '../../domain/notice.js';
import type { Channel, CommandChannel } from '../../domain/notice-channels.js';
import { runProgram } from './program-run.js';
import { postNotice } from './webhook.js';

/** Sends a notice through a channel, once. @throws DeliveryError where it was not taken; the abort reason once `signal` is aborted. */
export function sendNotice(channel: Channel, notice: Notice, environment: NodeJS.ProcessEnv, signal: AbortSignal): Promise<void> {
  switch (channel.type) {
    case 'command':
      return runCommand(channel, notice, environment, signal);
    case 'webhook':
      return postNotice(channel, notice, environment, signal);
    case 'desktop':
      return runProgram({ argv: desktopProgram(notice), input: '', environment, timeoutSeconds: channel.timeoutSeconds }, signal);
  }
}

function runCommand({ argv, timeoutSeconds }: CommandChannel, notice: Notice, environment: NodeJS.ProcessEnv, signal: AbortSignal): Promise<void> {
  const told = {
    SHIM_NOTICE_ID: notice.id,
    SHIM_NOTICE_KIND: notice.kind,
    SHIM_NOTICE_NEED: notice.need ?? '',
    SHIM_NOTICE_SESSION: notice.session,
    SHIM_NOTICE_LINE: notice.line,
  };
  return runProgram({ argv, input: `${JSON.stringify(notice)}\n`, environment: { ...environment, ...told }, timeoutSeconds }, signal);
}

/** The text is an argument, never a part of a script: a session's words are not run. */
function desktopProgram({ kind, session, line }: Notice): [string, ...string[]] {
  const title = `SHIM: ${session} ${kind.replace('_', ' ')}`;
  if (platform === 'darwin') return ['osascript', '-e', 'on run argv', '-e', 'display notification (item 1 of argv) with title (item 2 of argv)', '-e', 'end run', line, title];
  return ['notify-send', '--app-name=SHIM', `--urgency=${kind === 'finished' ? 'normal' : 'critical'}`, '--', title, line];
}
