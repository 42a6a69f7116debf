import { text as readAll } from 'node:stream/consumers';
import type { Command } from 'commander';
import { BadInputError } from '../../errors.js';
import { checkPrompt } from '../../prompt-check.js';
import { ShimClient } from '../../shim-client.js';
import { checkName } from '../check-name.js';
import type { CliContext } from '../context.js';
import { asker } from '../session-command.js';

export function addSend(program: Command, context: CliContext): void {
  program
    .command('send')
    .description('give a session its next task: kept until its agent has it, once, at its next turn or resume')
    .argument('<name>', 'the session')
    .argument('<prompt>', 'what to do next; - reads it from stdin')
    .option('--json', 'print the answer as JSON')
    .addHelpText('after', '\nA session that has completed its turn while prompts wait is not completed: its agent goes on with the next one.\nA command finds the prompt in the file that SHIM_PROMPT names.\n\nExamples:\n  shim send fix "now update the changelog"\n  shim send fix - < next-task.md')
    .action((name: string, prompt: string, options: { json?: true }) => send(context, checkName(name), prompt, options));
}

async function send(context: CliContext, name: string, prompt: string, { json }: { json?: true }): Promise<void> {
  const text = prompt === '-' ? await fromStdin() : prompt;
  if (text.trim() === '') throw new BadInputError('the prompt is empty: say what to do next, as in: shim send NAME "now update the changelog"');
  checkPrompt(text);
  const client = await ShimClient.connect(context.home, context.environment);
  try {
    const answer = await client.send(name, { text, ...asker(context, {}) });
    if (json) context.printJson({ name, ...answer });
    else context.print(`${name}: ${answer.message}`);
  } finally {
    await client.close();
  }
}

async function fromStdin(): Promise<string> {
  if (process.stdin.isTTY) throw new BadInputError('send - reads the prompt from stdin, which is a terminal here; give it as an argument, or: shim send NAME - < FILE');
  return (await readAll(process.stdin)).trimEnd();
}
