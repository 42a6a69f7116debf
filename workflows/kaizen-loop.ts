import { allHandlersFinished, condition, continueAsNew, setHandler, workflowInfo } from '@temporalio/workflow';
import { changeSettingsUpdate, kaizenStatusQuery, nudgeSignal, stopKaizenUpdate, type KaizenInput, type KaizenStatus } from './kaizen-messages.js';
import { kaizenCalls } from './kaizen/calls.js';
import { Kaizen } from './kaizen/kaizen.js';
import { look } from './kaizen/look.js';

const historyEventsKept = 500;

/**
 * Looks again and again for what may be improved, and begins experiments, or says what it would try. It runs for years, and ends
 * when it is stopped; its experiments go on to their own ends.
 */
export async function kaizenLoop(input: KaizenInput): Promise<KaizenStatus> {
  const kaizen = new Kaizen(input);
  acceptMessages(kaizen);
  const calls = kaizenCalls(input.scope);
  while (kaizen.isRunning) {
    // Before a look that is due: whoever nudges without end shall not make one run endless.
    if (historyIsLong()) await continueWhenQuiet(kaizen);
    else if (kaizen.isDue) await look(kaizen, calls);
    else await untilNextLook(kaizen);
  }
  await condition(allHandlersFinished);
  return kaizen.status();
}

function acceptMessages(kaizen: Kaizen): void {
  setHandler(kaizenStatusQuery, () => kaizen.status(), { description: 'What the last look found, and what was done about it' });
  setHandler(nudgeSignal, ({ reason }) => kaizen.onNudge(reason), { description: 'Look now' });
  setHandler(changeSettingsUpdate, ({ settings, by }) => kaizen.changeSettings(settings, by), {
    validator: ({ settings }) => kaizen.checkSettings(settings),
    description: 'Change settings; those that are left out stay',
  });
  setHandler(stopKaizenUpdate, ({ by }) => kaizen.stop(by), { description: 'End the loop; experiments go on to their own ends' });
}

/** A nudge, a stop, or another interval breaks in. */
async function untilNextLook(kaizen: Kaizen): Promise<void> {
  const { nextLookAtMs } = kaizen;
  const brokenInto = await condition(() => kaizen.isDue || !kaizen.isRunning || kaizen.nextLookAtMs !== nextLookAtMs, kaizen.waitMs(Date.now()), { summary: 'until the next look' });
  if (!brokenInto) kaizen.timeIsUp();
}

function historyIsLong(): boolean {
  const { historyLength, continueAsNewSuggested } = workflowInfo();
  return continueAsNewSuggested || historyLength > historyEventsKept;
}

/** Continues as new unless it was stopped while the handlers finished. */
async function continueWhenQuiet(kaizen: Kaizen): Promise<void> {
  await condition(allHandlersFinished);
  if (kaizen.isRunning) await continueAsNew<typeof kaizenLoop>(kaizen.carry());
}
