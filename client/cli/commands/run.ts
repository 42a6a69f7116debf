import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { SessionSpec } from '../../../domain/session.js';
import { SessionFolder } from '../../../host/session-folder.js';
import { checkAfter } from '../../after-check.js';
import { CommandRefusedError, DuplicateSessionError } from '../../errors.js';
import { findSession } from '../../session-directory.js';
import { defaultName } from '../../session-name.js';
import { createSpec } from '../../session-spec.js';
import type { SessionView } from '../../session-view.js';
import { ShimClient } from '../../shim-client.js';
import { startSessionHere } from '../../start-session.js';
import type { CliContext } from '../context.js';
import { oneLine } from '../format.js';
import { addRunOptions, toRequest, type RunOptions } from '../run-options.js';
import { bringUp } from '../services.js';
import { tell } from '../session-command.js';
import { stateColour } from '../state-colour.js';
import { renderPairs } from '../table.js';
import { waysOn } from '../why/state-text.js';

/** Names tried before one must be given. */
const namesTried = 100;

export function addRun(program: Command, context: CliContext): void {
  const command = program
    .command('run')
    .description('start a session and supervise it; starts SHIM too where it is not up')
    .usage('[options] -- CMD [ARGS…]')
    .argument('[command...]', "the program and its arguments; with --agent, the agent's own arguments")
    .passThroughOptions();
  addRunOptions(command)
    .addHelpText('after', '\nExamples:\n  shim run -- node worker.js\n  shim run --name fix --agent claude-code -- -p "fix the failing test"\n  shim run --name docs --after fix --agent claude-code -- -p "describe the fix"\n  shim run --env DATABASE_URL --memory-limit 2GB -- ./nightly.sh')
    .action((argv: string[], options: RunOptions) => run(context, argv, options));
}

async function run(context: CliContext, argv: readonly string[], options: RunOptions): Promise<void> {
  const names = namesToTry(context.home, options);
  let spec = createSpec(toRequest(options, argv, names.next().value ?? ''), context.environment);
  await bringUp(context);
  const client = await ShimClient.connect(context.home, context.environment);
  let isPaused = false;
  try {
    spec = await checkAfter(client, context.home, spec);
    for (;;) {
      try {
        await startSessionHere(client, context.home, spec, context.environment);
        break;
      } catch (error) {
        const name = error instanceof DuplicateSessionError ? names.next().value : undefined;
        if (name === undefined) throw error;
        spec = { ...spec, name };
      }
    }
    context.progress(`${spec.name}: started`);
    if (options.wait) isPaused = await waitUntilSettled(context, client, spec, options);
  } finally {
    await client.close();
  }
  await report(context, spec.name, options);
  // It is there, and a person has to do something: who goes by the exit code must not think that it is at work.
  if (isPaused) throw new CommandRefusedError(`${spec.name} is paused and does not run; see: shim why ${spec.name}`);
}

/** The name asked for; else one made from the folder's, that no folder of this host bears yet, and those after it. */
function* namesToTry(home: string, { name, cwd }: RunOptions): Generator<string, undefined> {
  if (name !== undefined) {
    yield name;
    return;
  }
  for (let n = 1; n <= namesTried; n += 1) {
    const candidate = defaultName(resolve(cwd), n);
    if (new SessionFolder(home, candidate).spec() === null) yield candidate;
  }
}

/** Until it runs, has ended, or waits for something that may take long. @returns whether it is paused: by SHIM, for a budget or a second writer. @throws CommandRefusedError where it has failed. */
async function waitUntilSettled(context: CliContext, client: ShimClient, { name }: SessionSpec, { timeout }: RunOptions): Promise<boolean> {
  const { state, reason } = await client.waitForState(name, ['running', 'completed', 'failed', 'stopped', 'paused', 'waiting_for_limit', 'waiting_for_session'], timeout, tell(context));
  if (state === 'failed') throw new CommandRefusedError(`${name} has failed: ${oneLine(reason)}; see: shim why ${name}`);
  return state === 'paused';
}

async function report(context: CliContext, name: string, { json }: RunOptions): Promise<void> {
  const { view } = (await findSession(context.home, name, context.environment)).value;
  if (json) context.printJson(view);
  else context.print(describe(view, context));
}

function describe(view: SessionView, { colours }: CliContext): string {
  const { name, state, reason, pid, uiUrl } = view;
  const lines: [string, string][] = [
    ['session', name],
    ['state', `${stateColour(state, colours)}: ${oneLine(reason)}`],
    ...(pid === null ? [] : [['pid', String(pid)] satisfies [string, string]]),
    ...(uiUrl === null ? [] : [['web ui', uiUrl] satisfies [string, string]]),
    ['what now', waysOn(view)],
  ];
  return renderPairs(lines);
}
