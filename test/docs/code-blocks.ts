import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../support/project-root.js';

/** A fenced block of shell in a file of the docs. */
export interface CodeBlock {
  /** Relative to the project. */
  file: string;
  /** Of its first line of text, from 1 on. */
  line: number;
  /** `console` has commands after `$ `, and what they print. */
  language: 'sh' | 'console';
  /** Why no test runs it; null where one does. */
  notRun: string | null;
  text: string;
}

/** Its info string: `sh`, `console`, or either with `not-run: ` and a reason. */
const info = /^(?<language>sh|console)(?: not-run: (?<reason>\S.+))?$/;
const shell = /^(sh|console|bash|shell|zsh)\b/;

/** The blocks of shell of a file, in order. @throws Error for one whose info string is none of ours. */
export function codeBlocksOf(file: string): CodeBlock[] {
  const blocks: CodeBlock[] = [];
  let fence: { line: number; info: string; text: string[] } | null = null;
  for (const [at, line] of readFileSync(join(projectRoot(), file), 'utf8').split('\n').entries()) {
    if (!line.startsWith('```')) {
      fence?.text.push(line);
      continue;
    }
    if (fence === null) {
      fence = { line: at + 2, info: line.slice(3).trim(), text: [] };
      continue;
    }
    if (shell.test(fence.info)) blocks.push(blockOf(file, fence));
    fence = null;
  }
  return blocks;
}

function blockOf(file: string, fence: { line: number; info: string; text: string[] }): CodeBlock {
  const { language, reason } = info.exec(fence.info)?.groups ?? {};
  if (language !== 'sh' && language !== 'console') throw new Error(`${file}:${fence.line - 1}: ${fence.info}; there are sh, console, and "not-run: why" behind them`);
  return { file, line: fence.line, language, notRun: reason ?? null, text: fence.text.join('\n') };
}

/** A command and the lines that it is said to print; none is said of a block of `sh`. */
export interface DocumentedCommand {
  command: string;
  output: string[];
}

/** Of a block of `sh` the whole of it, as one script; of `console` what stands after each `$ `. */
export function commandsOf({ language, text }: CodeBlock): DocumentedCommand[] {
  if (language === 'sh') return [{ command: text, output: [] }];
  const commands: DocumentedCommand[] = [];
  for (const line of text.split('\n')) {
    if (line.startsWith('$ ')) commands.push({ command: line.slice(2), output: [] });
    else commands.at(-1)?.output.push(line);
  }
  return commands;
}
