import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';
import { beforeAll, describe, expect, it } from 'vitest';
import { exitClasses } from '../../domain/exit-class.js';
import { sessionStates } from '../../domain/session.js';
import { nobodyNew } from '../../workflows/kaizen-messages.js';
import { kaizenScenes, ledgerScenes, parameterScenes } from '../support/kaizen/history-scenes.js';
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
  startChildWorkflowExecutionInitiatedEventAttributes?: { workflowType: { name: string }; workflowId: string; parentClosePolicy: string };
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

/** A history with what is in its payloads. */
function plainText(name: string): string {
  return JSON.stringify(read(name), (key, value: unknown) => (key === 'data' && typeof value === 'string' ? (JSON.parse(Buffer.from(value, 'base64').toString('utf8')) as unknown) : value));
}

/** Something that only a history of that behaviour has in it. */
const kaizenEvidence: [name: keyof typeof kaizenScenes | keyof typeof parameterScenes | keyof typeof ledgerScenes, evidence: RegExp][] = [
  ['kaizen-looked-by-timer', /TIMER_FIRED/],
  ['kaizen-observed', /"type":"crash_rate"/],
  ['kaizen-proposed', /"needsApproval":true/],
  ['kaizen-began', /"needsApproval":false/],
  ['kaizen-found-again', /CHILD_WORKFLOW_EXECUTION_COMPLETED/],
  ['kaizen-two-beside-each-other', /with which it shares checkpoints/],
  ['kaizen-undecidable', /would need \d+ sessions/],
  ['kaizen-no-level-left', /LevelsUsedUp/],
  ['kaizen-number-taken', /START_CHILD_WORKFLOW_EXECUTION_FAILED/],
  ['kaizen-settings-changed', /"lookEveryMs":60000/],
  ['kaizen-stopped', /WORKFLOW_EXECUTION_COMPLETED/],
  ['kaizen-continued', /"nudge":"it came late"/],
  ['kaizen-look-failed', /Prometheus does not answer/],
  ['parameter-set', /"value":0\.6,.*"by":"ada"/],
  ['parameter-frozen', /"granted":false/],
  ['parameter-mode', /"mode":"auto"/],
  ['parameter-enrolled', /"enrolment":\{"experimentId"/],
  ['parameter-paused', new RegExp(`"startedAtMs":${nobodyNew}`)],
  ['parameter-deployed', /"share":0\.9/],
  ['parameter-restored', /"reason":"it did harm"/],
  ['parameter-kept', /"lastKnownGood":0\.6/],
  ['parameter-released', /"coolDownUntilMs":\d+/],
  ['parameter-taken-by-a-person', /ParameterTaken/],
  ['parameter-holder-died', /no longer open, so what it gave is taken back/],
  ['parameter-watch-over', /takes the parameter, so the watch of/],
  ['parameter-published-by-others', /"by":"library"/],
  ['parameter-continued', /"carried":\{/],
  ['parameter-in-turn', /"reason":"meanwhile","atMs":\d+\},"coolDownUntilMs":null,"experiments":0,"history":\[\]/],
  ['ledger-issued', /"alpha":0\.001/],
  ['ledger-learned', /"rejected":true/],
  ['ledger-used-up', /LevelsUsedUp/],
];

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

  it('there is one for each thing that the kaizen loop, a parameter and the ledger do', () => {
    const wanted = Object.keys({ ...kaizenScenes, ...parameterScenes, ...ledgerScenes });
    expect(names.filter((name) => /^(kaizen|parameter|ledger)-/.test(name)).toSorted()).toEqual(wanted.toSorted());
  });

  it.each(kaizenEvidence)('%s shows it', (name, evidence) => {
    expect(plainText(name)).toMatch(evidence);
  });

  it('an experiment is begun as a child that outlives the loop', () => {
    const children = read('kaizen-began').events.flatMap(({ startChildWorkflowExecutionInitiatedEventAttributes: child }) => child ?? []);
    expect(children).toMatchObject([{ workflowType: { name: 'runExperiment' }, parentClosePolicy: 'PARENT_CLOSE_POLICY_ABANDON' }]);
  });

  it.each(['kaizen-observed', 'kaizen-undecidable', 'kaizen-no-level-left', 'kaizen-look-failed'])('in %s no experiment is begun', (name) => {
    expect(read(name).events.filter(({ startChildWorkflowExecutionInitiatedEventAttributes: child }) => child)).toEqual([]);
  });

  it('they name no machine and no folder of one', () => {
    const named = names.filter((name) => /\/(?:root|home|work|tmp|Users)\b|node_modules|\d+@/.test(plainText(name)));
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

  it.each(['kaizen-began', 'kaizen-look-failed', 'parameter-deployed', 'parameter-holder-died'])('%s with another call in the place of one is a violation of determinism', async (name) => {
    const { events } = read(name);
    const scheduled = events.findLast(({ activityTaskScheduledEventAttributes: activity }) => activity !== undefined);
    Object.assign(scheduled?.activityTaskScheduledEventAttributes?.activityType ?? {}, { name: 'startAgent' });
    expect(events).not.toEqual(read(name).events);
    await expect(replay({ events })).rejects.toBeInstanceOf(DeterminismViolationError);
  });

  it.each([
    { what: 'id', tamper: { workflowId: 'experiment/danger_zone/999' } },
    { what: 'type', tamper: { workflowType: { name: 'superviseSession' } } },
  ])('an experiment of another $what is a violation of determinism', async ({ tamper }) => {
    const { events } = read('kaizen-began');
    Object.assign(events.find(({ startChildWorkflowExecutionInitiatedEventAttributes: child }) => child)?.startChildWorkflowExecutionInitiatedEventAttributes ?? {}, tamper);
    expect(events).not.toEqual(read('kaizen-began').events);
    await expect(replay({ events })).rejects.toBeInstanceOf(DeterminismViolationError);
  });

  it('a ledger that had waited is a violation of determinism', async () => {
    const { events } = read('ledger-learned');
    const [first] = events.filter(({ eventType }) => eventType === 'EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED');
    for (const key of Object.keys(first ?? {}).filter((name) => name.endsWith('Attributes'))) Reflect.deleteProperty(first ?? {}, key);
    Object.assign(first ?? {}, { eventType: 'EVENT_TYPE_TIMER_STARTED', timerStartedEventAttributes: { timerId: '1', startToFireTimeout: '1s' } });
    await expect(replay({ events })).rejects.toBeInstanceOf(DeterminismViolationError);
  });
});
