import type { Command } from 'commander';
import { LiveLook } from '../../live-look.js';
import type { CliContext } from '../context.js';

export function addTop(program: Command, context: CliContext): void {
  program
    .command('top')
    .description('watch all sessions, their risk, context use, cost and age, and act on them by keys; elsewhere than on a terminal: print them once')
    .option('--json', 'print them once, as JSON')
    .addHelpText('after', '\nSessions that need a person come first. One that closes stays to be seen until you quit.\nTokens and cost are those of all attempts of a session, as its agent tells them.')
    .action((options: { json?: true }) => top(context, options));
}

async function top(context: CliContext, { json }: { json?: true }): Promise<void> {
  // No other command needs a screen.
  if (!json && process.stdout.isTTY && process.stdin.isTTY) {
    const { runTop } = await import('../top/run-top.js');
    return runTop(context);
  }
  const live = new LiveLook(context.home, context.environment);
  try {
    const look = await live.look(null);
    if (look.warning !== null) context.warn(look.warning);
    if (json) {
      context.printJson({ sessions: look.sessions, groups: look.groups });
      return;
    }
    const { printTop } = await import('../top/draw-top.js');
    context.print(printTop(look, context.colours, Date.now()));
  } finally {
    await live.close();
  }
}
