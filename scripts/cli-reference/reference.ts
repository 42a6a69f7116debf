import type { Command } from 'commander';
import { createProgram } from '../../client/cli/main.js';
import { processContext } from '../../client/cli/context.js';

/** docs/cli.md: every command with its arguments and options, as the program itself knows them. */
export async function cliReference(): Promise<string> {
  const program = await createProgram(processContext({ SHIM_HOME: '~/.shim' }));
  const sections = program.commands.flatMap((command) => [command, ...command.commands]).map((command) => section(command));
  return ['# Commands', '', 'Made from the program by `npm run docs:cli`; `shim COMMAND --help` says the same; `shim --version` says which build it is. Every command also takes:', '', ...table(optionsOf(program)), ...sections].join('\n');
}

function section(command: Command): string {
  const names = namesOf(command);
  const help = command.createHelp();
  const lines = [`## shim ${names}`, '', sentence(command.description()), '', '```', `shim ${names} ${command.usage()}`.trim(), '```', ''];
  return [...lines, ...table([...help.visibleArguments(command).map((argument): Row => [help.argumentTerm(argument), help.argumentDescription(argument)]), ...optionsOf(command)])].join('\n');
}

type Row = readonly [term: string, text: string];

function optionsOf(command: Command): Row[] {
  const help = command.createHelp();
  const own = help.visibleOptions(command).filter(({ long }) => long !== '--help' && long !== '--version');
  return own.map((option) => [help.optionTerm(option), help.optionDescription(option)]);
}

function table(rows: readonly Row[]): string[] {
  return rows.length === 0 ? [] : ['| | |', '|---|---|', ...rows.map(([term, text]) => `| \`${cell(term)}\` | ${cell(text)} |`), ''];
}

function namesOf(command: Command): string {
  const { parent } = command;
  return parent && parent.parent ? `${parent.name()} ${command.name()}` : command.name();
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replace(/\s*\n\s*/g, ' ');
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`.replace(/\.\.$/, '.');
}
