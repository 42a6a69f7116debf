import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { poll } from '../support/poll.js';
import { codeBlocksOf, commandsOf, type CodeBlock, type DocumentedCommand } from './code-blocks.js';
import { problemWith, programsRunBy } from './command-lines.js';
import { DocumentedMachine } from './documented-machine.js';
import { pages } from './pages.js';

const blocks = pages.flatMap(codeBlocksOf);
const runnable = blocks.filter(({ notRun }) => notRun === null);
const titleOf = ({ line, text }: CodeBlock) => `line ${line}: ${text.split('\n')[0]}`;

/** What is printed a moment too early is asked for again; a look changes nothing. */
const isLook = ({ command }: DocumentedCommand) => /^(npx )?shim (why|status|history|fleet|checkpoints)\b/.test(command);

/** Lines as documented, where numbers, durations and what is left out by … may differ. */
function patternOf(line: string): RegExp {
  const parts = line.trimEnd().split(/(\d+(?:[.,:]\d+)*(?: (?:ms|s|min|h|d))?\b|…|\s+)/);
  const pattern = parts.map((part) => {
    if (part === '…') return '.*';
    if (/^\d/.test(part)) return String.raw`\d[\d.,:]*(?: ?(?:ms|s|min|m|h|d))?`;
    return part.trim() === '' && part !== '' ? String.raw`\s+` : part.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
  });
  return new RegExp(`^${pattern.join('')}$`, 'm');
}

describe.each([...new Set(runnable.map(({ file }) => file))])('%s', { timeout: 240_000 }, (file) => {
  let machine: DocumentedMachine;
  beforeAll(async () => {
    machine = new DocumentedMachine();
    await machine.up();
  }, 240_000);
  afterAll(() => machine.remove(), 240_000);

  it.each(runnable.filter((block) => block.file === file).map((block) => [titleOf(block), block] as const))('works as written, %s', async (_title, block) => {
    for (const documented of commandsOf(block)) {
      const wanted = documented.output.filter((line) => line.trim() !== '').map(patternOf);
      const isAsWritten = ({ failed, output }: { failed: boolean; output: string }) => !failed && wanted.every((line) => line.test(output));
      const result = isLook(documented) ? await poll(() => machine.run(documented.command), isAsWritten, 20_000) : await machine.run(documented.command);
      expect(result, result.output).toMatchObject({ failed: false });
      for (const line of wanted) expect(result.output).toMatch(line);
    }
  });

  it('leaves alone who is at work meanwhile', async () => {
    await machine.untilBystanderWorks();
  });
});

describe('a command of the docs that no test runs', () => {
  it.each(blocks.filter(({ notRun }) => notRun !== null).map((block) => [`${block.file}, ${titleOf(block)}`, block] as const))('is one that the program takes: %s', async (_title, block) => {
    for (const { command } of commandsOf(block)) for (const words of await programsRunBy(command)) expect(await problemWith(words), words.join(' ')).toBeNull();
  });
});
