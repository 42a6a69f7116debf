import { Argument, type Command } from 'commander';
import type { PromptsView } from '../../../workflows/messages.js';
import { ShimClient } from '../../shim-client.js';
import { checkName } from '../check-name.js';
import type { CliContext } from '../context.js';
import { formatWhen, oneLine } from '../format.js';
import { asker } from '../session-command.js';
import { renderTable } from '../table.js';
import { parseCount } from '../units.js';

interface Options {
  json?: true;
}

/** `shim queue NAME [remove ID]`: the name comes first, as in the documents, so the action is an argument and not a command. */
export function addQueue(program: Command, context: CliContext): void {
  program
    .command('queue')
    .description('show the prompts that wait for a session, or take one out: remove ID')
    .argument('<name>', 'the session')
    .addArgument(new Argument('[action]', 'what to do').choices(['show', 'remove']).default('show'))
    .argument('[id]', 'of the prompt to remove', parseCount)
    .option('--json', 'print JSON')
    .action((name: string, action: string, id: number | undefined, options: Options, command: Command) => queue(context, checkName(name), action, id, options, command));
}

async function queue(context: CliContext, name: string, action: string, id: number | undefined, options: Options, command: Command): Promise<void> {
  if (action === 'remove' && id === undefined) command.error(`shim queue ${name} remove takes the number of a prompt; shim queue ${name} shows them`);
  const client = await ShimClient.connect(context.home, context.environment);
  try {
    if (action === 'remove' && id !== undefined) {
      const answer = await client.removePrompt(name, { id, ...asker(context, {}) });
      if (options.json) context.printJson({ name, id, ...answer });
      else context.print(answer.message);
      return;
    }
    const view = await client.prompts(name);
    if (options.json) context.printJson(view);
    else context.print(describe(view, Date.now()));
  } finally {
    await client.close();
  }
}

function describe({ name, waiting }: PromptsView, nowMs: number): string {
  if (waiting.length === 0) return `nothing waits for ${name}; add a prompt: shim send ${name} "next task"`;
  const rows = waiting.map(({ id, queuedAtMs, by, givenTo, text }) => [String(id), formatWhen(new Date(queuedAtMs).toISOString(), nowMs), oneLine(by, 30), givenTo === null ? 'waits' : `given to attempt ${givenTo}`, oneLine(text, 80)]);
  return renderTable(['ID', 'SENT', 'BY', 'STATE', 'PROMPT'], rows);
}
