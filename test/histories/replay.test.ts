import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';
import { beforeAll, describe, expect, it } from 'vitest';
import { exitClasses } from '../../domain/exit-class.js';
import { sessionStates } from '../../domain/session.js';
import { bundledWorkflows } from '../support/workflow-bundle.js';

const folder = import.meta.dirname;
const names = readdirSync(folder)
  .filter((file) => file.endsWith('.json'))
  .map((file) => basename(file, '.json'));

let codePath: string;
beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR'), telemetryOptions: { logging: { filter: 'OFF' } } });
  codePath = await bundledWorkflows();
});

/** A recorded event, as far as these tests look into it. */
interface RecordedEvent {
  eventType: string;
  activityTaskScheduledEventAttributes?: { activityType: { name: string } };
  timerStartedEventAttributes?: { timerId: string; startToFireTimeout: string };
  workflowExecutionSignaledEventAttributes?: { signalName: string; input: { payloads: { data: string }[] } };
  upsertWorkflowSearchAttributesEventAttributes?: { searchAttributes: { indexedFields: Record<string, { data: string }> } };
}

function read(name: string): { events: RecordedEvent[] } {
  return JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')) as { events: RecordedEvent[] };
}

function replay(history: { events: RecordedEvent[] }): Promise<void> {
  return Worker.runReplayHistory({ workflowBundle: { codePath } }, history);
}

function decode(payload: { data: string }): unknown {
  return JSON.parse(Buffer.from(payload.data, 'base64').toString('utf8'));
}

describe('recorded histories', () => {
  it.each(names)('%s replays on the present workflows', async (name) => {
    await expect(replay(read(name))).resolves.toBeUndefined();
  });

  it('there is one for each state of a session, and it stands in that state', () => {
    const lastStates = sessionStates.map((state) => {
      const states = read(`session-state-${state}`).events.flatMap(({ upsertWorkflowSearchAttributesEventAttributes: upsert }) => upsert?.searchAttributes.indexedFields['ShimState'] ?? []);
      return states.length === 0 ? 'starting' : decode(states.at(-1) ?? { data: '' });
    });
    expect(lastStates).toEqual(sessionStates);
  });

  it('there is one for each exit class, and an attempt in it ends so', () => {
    const ends = exitClasses.map((exitClass) => {
      const reports = read(`session-exit-${exitClass}`).events.flatMap(({ workflowExecutionSignaledEventAttributes: signal }) =>
        signal?.signalName === 'attemptEnded' ? signal.input.payloads.map(decode) : [],
      );
      return (reports as { exitClass: string }[])[0]?.exitClass;
    });
    expect(ends).toEqual(exitClasses);
  });

  it('they name no machine and no folder of one', () => {
    const named = names.filter((name) => {
      const plain = JSON.stringify(read(name), (key, value: unknown) => (key === 'data' && typeof value === 'string' ? Buffer.from(value, 'base64').toString('utf8') : value));
      return /\/(?:root|home|work|tmp|Users)\b|node_modules|\d+@/.test(plain);
    });
    expect(named).toEqual([]);
  });

  it.each([
    {
      change: 'an activity that is another one',
      tamper: (events: RecordedEvent[]) => {
        const scheduled = events.find(({ activityTaskScheduledEventAttributes: activity }) => activity?.activityType.name === 'startAgent');
        Object.assign(scheduled?.activityTaskScheduledEventAttributes?.activityType ?? {}, { name: 'stopAgent' });
        return events;
      },
    },
    {
      change: 'a timer in the place of a call',
      tamper: (events: RecordedEvent[]) => {
        const scheduled = events.find(({ activityTaskScheduledEventAttributes: activity }) => activity !== undefined);
        delete scheduled?.activityTaskScheduledEventAttributes;
        Object.assign(scheduled ?? {}, { eventType: 'EVENT_TYPE_TIMER_STARTED', timerStartedEventAttributes: { timerId: '1', startToFireTimeout: '1s' } });
        return events;
      },
    },
  ])('a history with $change is a violation of determinism', async ({ tamper }) => {
    const events = tamper(read('session-waited-out').events);
    expect(events).not.toEqual(read('session-waited-out').events);
    await expect(replay({ events })).rejects.toBeInstanceOf(DeterminismViolationError);
  });
});
