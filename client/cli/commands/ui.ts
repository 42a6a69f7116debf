import type { Command } from 'commander';
import { connect } from '../../connection.js';
import { CommandRefusedError } from '../../errors.js';
import { openInBrowser } from '../open-in-browser.js';
import { webUiLinks, type WebUiQuestion } from '../../web-ui-links.js';
import type { CliContext } from '../context.js';
import { renderPairs } from '../table.js';

interface UiOptions {
  failed?: true;
  waiting?: true;
  paused?: true;
  fleets?: true;
  experiments?: true;
  print?: true;
  json?: true;
}

export function addUi(program: Command, context: CliContext): void {
  program
    .command('ui')
    .description("print the Web UI's pages, one for each question; open it where only one is asked for")
    .option('--failed', 'sessions that have failed and wait for a person')
    .option('--waiting', 'sessions that wait: for a limit, a back-off, or their host')
    .option('--paused', 'sessions that are paused')
    .option('--fleets', 'fleets')
    .option('--experiments', 'experiments')
    .option('--print', 'print alone, open nothing')
    .option('--json', 'print JSON')
    .action((options: UiOptions) => show(context, options));
}

async function show(context: CliContext, options: UiOptions): Promise<void> {
  const { connection, uiUrl, namespace } = await connect(context.home, context.environment);
  await connection.close();
  if (uiUrl === null) throw new CommandRefusedError('the Web UI of your Temporal is not known; set SHIM_UI_URL to its address');
  const links = webUiLinks(uiUrl, namespace);
  const asked = (Object.keys(links) as WebUiQuestion[]).filter((question) => question !== 'sessions' && options[question]);
  const shown = asked.length === 0 ? links : Object.fromEntries(asked.map((question) => [question, links[question]]));
  if (options.json) context.printJson(shown);
  else if (asked.length === 1) context.print(Object.values(shown).join('\n'));
  else context.print(renderPairs(Object.entries(shown)));
  const [only] = asked;
  if (asked.length === 1 && only !== undefined && !options.print && !options.json) openInBrowser(links[only], context.environment);
}
