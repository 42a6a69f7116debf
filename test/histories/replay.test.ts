import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';
import { beforeAll, describe, expect, it } from 'vitest';
import { experimentConclusions, verdicts } from '../../domain/experiments/experiment.js';
import { exitClasses } from '../../domain/exit-class.js';
import { sessionStates } from '../../domain/session.js';
import { nobodyNew } from '../../workflows/kaizen-messages.js';
import { fleetScenes } from '../support/fleet-scenes.js';
import { experimentScenes } from '../support/kaizen/experiment-scenes.js';
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
  eventTime: string;
  activityTaskScheduledEventAttributes?: { activityType: { name: string }; input?: { payloads: { data: string }[] } };
  activityTaskCompletedEventAttributes?: { result?: { payloads: { data: string }[] } };
  startChildWorkflowExecutionInitiatedEventAttributes?: { workflowType: { name: string }; workflowId: string; parentClosePolicy: string };
  timerStartedEventAttributes?: { timerId: string; startToFireTimeout: string };
  workflowExecutionStartedEventAttributes?: { input: { payloads: { data: string }[] } };
  workflowExecutionCompletedEventAttributes?: { result: { payloads: { data: string }[] } };
  workflowExecutionSignaledEventAttributes?: { signalName: string; input: { payloads: { data: string }[] } };
  upsertWorkflowSearchAttributesEventAttributes?: { searchAttributes: { indexedFields: Record<string, { data: string }> } };
}

function read(name: string): { events: RecordedEvent[] } {
  return JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')) as { events: RecordedEvent[] };
}

function replay(history: { events: RecordedEvent[] }): Promise<void> {
  return Worker.runReplayHistory({ workflowBundle: { codePath } }, history);
}

/** The history as it is where a patch was met after the event at `after`, in the task that had completed last: a marker, and its search attribute. */
function withPatch(events: readonly RecordedEvent[], after: number, id: string): RecordedEvent[] {
  const { eventTime } = events[after] as RecordedEvent;
  const payload = (value: unknown, type = {}) => ({ metadata: { encoding: base64('json/plain'), ...type }, data: base64(JSON.stringify(value)) });
  const workflowTaskCompletedEventId = String(events.slice(0, after + 1).findLastIndex(({ eventType }) => eventType === 'EVENT_TYPE_WORKFLOW_TASK_COMPLETED') + 1);
  const added = [
    { eventType: 'EVENT_TYPE_MARKER_RECORDED', markerRecordedEventAttributes: { markerName: 'core_patch', details: { 'patch-data': { payloads: [payload({ id, deprecated: false })] } }, workflowTaskCompletedEventId } },
    { eventType: 'EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES', upsertWorkflowSearchAttributesEventAttributes: { workflowTaskCompletedEventId, searchAttributes: { indexedFields: { TemporalChangeVersion: payload([id], { type: base64('KeywordList') }) } } } },
  ].map((event, at) => ({ eventId: String(after + 2 + at), eventTime, ...event }));
  const shift = (key: string, value: unknown) => (/[eE]ventId$/.test(key) && Number(value) > after + 1 ? String(Number(value) + added.length) : value);
  return [...events.slice(0, after + 1), ...added, ...events.slice(after + 1).map((event) => JSON.parse(JSON.stringify(event), shift) as RecordedEvent)];
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

function decode(payload: { data: string }): unknown {
  return JSON.parse(Buffer.from(payload.data, 'base64').toString('utf8'));
}

/** What a search attribute was set to, in order. */
function shown(name: string, attribute: string): unknown[] {
  return read(name).events.flatMap(({ upsertWorkflowSearchAttributesEventAttributes: upsert }) => {
    const value = upsert?.searchAttributes.indexedFields[attribute];
    return value ? [decode(value)] : [];
  });
}

/** A history with what is in its payloads. */
function plainText(name: string): string {
  return JSON.stringify(read(name), (key, value: unknown) => (key === 'data' && typeof value === 'string' ? (JSON.parse(Buffer.from(value, 'base64').toString('utf8')) as unknown) : value));
}

/** Something that only a history of that behaviour has in it. */
const kaizenEvidence: [name: keyof typeof kaizenScenes | keyof typeof parameterScenes | keyof typeof ledgerScenes | keyof typeof experimentScenes, evidence: RegExp][] = [
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
  ['parameter-refreshed', /readPublished.*readPublished/],
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
  ['experiment-kept', /"call":"decide".*has stood its watch/],
  ['experiment-kept-unjudged', /watch-longer-what-few-sessions-judge.*is kept unjudged: \d+ of the 20 sessions/],
  ['experiment-kept-parameter', /"share":0\.9.*"lastKnownGood":0\.6/],
  ['experiment-kept-ledger', /"logEValue":\d/],
  ['experiment-rolled_back', /"call":"abandon".*"kind":"rolled_back"/],
  ['experiment-restored', /"kind":"restored"/],
  ['experiment-no_evidence', /"call":"abandon".*deadline/],
  ['experiment-aborted', /was aborted by ada: wrong idea/],
  ['experiment-cancelled', /WORKFLOW_EXECUTION_CANCEL_REQUESTED.*WORKFLOW_EXECUTION_CANCELED/],
  ['experiment-refused', /is 0\.75 now, not the 0\.8 that this was planned for/],
  ['experiment-approved', /approved by ada/],
  ['experiment-never-approved', /nobody approved it before its deadline/],
  ['experiment-running', /(?:TIMER_FIRED.*lookAtExperiment.*){4}/],
  ['experiment-paused', new RegExp(`"startedAtMs":${nobodyNew}.*resumed`)],
  ['experiment-extended', /deadline put off by 60 min by ada/],
  ['experiment-taken-by-a-person', /was changed from outside to 0\.7/],
  ['experiment-look-failed', /"lookAtExperiment".*"message":"the store is away".*MAXIMUM_ATTEMPTS_REACHED/],
  ['experiment-continued', /"carried":\{.*"continuedExecutionRunId":"[^"]/],
];

/** What only a history of an account's limit, or of a compaction, has in it. */
const limitEvidence: [name: string, evidence: RegExp][] = [
  ['session-account-waits', /"askTurn".*"cause":"limit_reached".*"kind":"wait".*limit of team/],
  ['session-account-let-go', /"signalName":"letGo".*"probeOf":"team/],
  ['account-limited', /"turn".*"cause":"limit_reached".*TIMER_STARTED/],
  ['account-open-again', /"waitUntil".*"cancelWait".*SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED.*"signalName":"answerSeen"/],
  ['session-compacted', /"strategy":"compact".*"exitClass":"compacted".*"strategy":"native"/],
];

/** The same of fleets and their members. */
const fleetEvidence: [name: keyof typeof fleetScenes, evidence: RegExp][] = [
  ['fleet-started', /"superviseSession".*PARENT_CLOSE_POLICY_ABANDON.*"memberNews"/],
  ['fleet-changed', /"command":"stop"/],
  ['fleet-member-changed', /"command":"change".*"memoryBytes":5000000/],
  ['fleet-taken-over', /"taken".*"lookAtMembers".*"command":"change"/],
  ['fleet-one_for_all', /"exitClass":"killed".*"command":"restart"/],
  ['fleet-member-restarted', /"restart by fleet\/.*"memberNews".*"epoch":2/],
  ['fleet-failed', /"command":"pause".*"pauseReason":"fleet"/],
  ['fleet-member-paused', /"pauseReason":"fleet".*"state":"paused"/],
  ['fleet-reset', /"command":"reset"/],
  ['fleet-stopped', /"command":"stop".*WORKFLOW_EXECUTION_COMPLETED/],
];

describe('recorded histories', () => {
  it.each(limitEvidence)('%s shows it', (name, evidence) => {
    expect(plainText(name)).toMatch(evidence);
  });

  it.each(names)('%s replays on the present workflows', async (name) => {
    await expect(replay(read(name))).resolves.toBeUndefined();
  });

  it('among those that replay are sessions that earlier releases began, before parameters and before notices: an upgrade leaves none behind', () => {
    const earlier = names.filter((name) => name.includes('-before-parameters-') || (/^session-(state|exit)-/.test(name) && !plainText(name).includes('"notices"')));
    expect(earlier.length).toBeGreaterThan(20);
  });

  it('there is one for each state of a session, and it stands in that state', () => {
    const lastStates = sessionStates.map((state) => shown(`session-state-${state}`, 'ShimState').at(-1) ?? 'starting');
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

  it('there is one for each thing that the kaizen loop, a parameter, the ledger and an experiment do', () => {
    const wanted = Object.keys({ ...kaizenScenes, ...parameterScenes, ...ledgerScenes, ...experimentScenes });
    expect(names.filter((name) => /^(kaizen|parameter|ledger|experiment)-/.test(name)).toSorted()).toEqual(wanted.toSorted());
  });

  it.each(kaizenEvidence)('%s shows it', (name, evidence) => {
    expect(plainText(name)).toMatch(evidence);
  });

  it.each([
    ['session-notice-finished', /"takeNotice".*"kind":"finished".*WORKFLOW_EXECUTION_COMPLETED/],
    ['session-notice-login', /"takeNotice".*"need":"login"/],
    ['session-second-writer-seen', /"secondWriterSeen".*"mode":"pause".*"reason":"paused by SHIM: claude \(pid 71.*WORKFLOW_EXECUTION_UPDATE_ACCEPTED/],
    ['session-second-writer-allowed', /"beside":true.*"beside":\[\{"pid":71,"startTicks":7\}\]/],
    ['session-changed', /"carried".*"startAgent".*"memoryBytes":5000000/],
    ['session-second-writer-at-start', /"type":"SecondWriter".*"reason":"paused by SHIM: claude \(pid 71.*WORKFLOW_EXECUTION_UPDATE_ACCEPTED/],
    ['session-runs-with-its-answer', /"runningInAnswer":true.*"runningAtMs":\d+\}.*"exitClass":"killed".*"runningAtMs":\d+\}.*"signalName":"attemptRunning"/],
    ['session-stopped-before-its-answer', /"runningInAnswer":true.*ACTIVITY_TASK_CANCEL_REQUESTED.*"mode":"stop".*WORKFLOW_EXECUTION_COMPLETED/],
    ['session-notice-permission', /"takeNotice".*"need":"permission".*make deploy/],
  ])('%s shows it', (name, evidence) => {
    expect(plainText(name)).toMatch(evidence);
  });

  it('there is one for each thing that a fleet does, and its members for it', () => {
    expect(names.filter((name) => name.startsWith('fleet-')).toSorted()).toEqual(Object.keys(fleetScenes).toSorted());
  });

  it.each(fleetEvidence)('%s shows it', (name, evidence) => {
    expect(plainText(name)).toMatch(evidence);
  });

  it.each(['fleet-started', 'fleet-one_for_all', 'fleet-stopped'])('%s that had begun another member is a violation of determinism', async (name) => {
    const { events } = read(name);
    Object.assign(events.find(({ startChildWorkflowExecutionInitiatedEventAttributes: child }) => child)?.startChildWorkflowExecutionInitiatedEventAttributes ?? {}, { workflowId: 'session/another' });
    await expect(replay({ events })).rejects.toBeInstanceOf(DeterminismViolationError);
  });

  it('an experiment is begun as a child that outlives the loop', () => {
    const children = read('kaizen-began').events.flatMap(({ startChildWorkflowExecutionInitiatedEventAttributes: child }) => child ?? []);
    expect(children).toMatchObject([{ workflowType: { name: 'runExperiment' }, parentClosePolicy: 'PARENT_CLOSE_POLICY_ABANDON' }]);
  });

  it.each(['kaizen-observed', 'kaizen-undecidable', 'kaizen-no-level-left', 'kaizen-look-failed'])('in %s no experiment is begun', (name) => {
    expect(read(name).events.filter(({ startChildWorkflowExecutionInitiatedEventAttributes: child }) => child)).toEqual([]);
  });

  it('there is one for each conclusion of an experiment, and the workflow returns it', () => {
    const returned = experimentConclusions.map((conclusion) => {
      const { workflowExecutionCompletedEventAttributes: completed } = read(`experiment-${conclusion}`).events.at(-1) ?? {};
      return decode(completed?.result.payloads[0] ?? { data: '' });
    });
    expect(returned).toEqual(experimentConclusions);
  });

  it('each verdict on an experiment is in one of them', () => {
    const decided = ['experiment-kept', 'experiment-rolled_back', 'experiment-running', 'experiment-no_evidence'].map((name) => shown(name, 'ShimVerdict').at(-1));
    expect(new Set(decided)).toEqual(new Set(verdicts));
  });

  it('a prompt that was given and had not got there is given again', () => {
    const { events } = read('session-prompts-given');
    const starts = events.flatMap(({ activityTaskScheduledEventAttributes: activity }) => (activity?.activityType.name === 'startAgent' ? (activity.input?.payloads ?? []).map(decode) : []));
    expect(starts.map((start) => (start as { prompt?: { text: string } }).prompt?.text)).toEqual([undefined, 'write the second chapter', 'write the second chapter']);
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

  it.each(['session-runs-with-its-answer', 'session-revision-1-running'])('%s that had not been told to run with its answer is a violation of determinism', async (name) => {
    const { events } = read(name);
    const [answer] = events.flatMap(({ activityTaskCompletedEventAttributes: completed }) => (completed?.result?.payloads ?? []).filter((payload) => payload.data && Object.hasOwn(Object(decode(payload)), 'runningAtMs')));
    const { runningAtMs, ...untold } = decode(answer ?? { data: '' }) as { runningAtMs: number };
    expect(runningAtMs).toBeGreaterThan(0);
    Object.assign(answer ?? {}, { data: base64(JSON.stringify(untold)) });
    await expect(replay({ events })).rejects.toBeInstanceOf(DeterminismViolationError);
  });

  it('session-revision-2-backed-off that had been begun as of revision 1 is a violation of determinism', async () => {
    const { events } = read('session-revision-2-backed-off');
    const input = events[0]?.workflowExecutionStartedEventAttributes?.input.payloads[0];
    const { revision, ...begun } = decode(input ?? { data: '' }) as { revision: number };
    expect(revision).toBe(2);
    Object.assign(input ?? {}, { data: base64(JSON.stringify({ ...begun, revision: 1 })) });
    await expect(replay({ events })).rejects.toBeInstanceOf(DeterminismViolationError);
  });

  it('session-stopped-before-its-answer that had waited for it is a violation of determinism', async () => {
    const { events } = read('session-stopped-before-its-answer');
    const givenUp = events.find(({ eventType }) => eventType === 'EVENT_TYPE_ACTIVITY_TASK_CANCEL_REQUESTED');
    for (const key of Object.keys(givenUp ?? {}).filter((name) => name.endsWith('Attributes'))) Reflect.deleteProperty(givenUp ?? {}, key);
    Object.assign(givenUp ?? {}, { eventType: 'EVENT_TYPE_TIMER_STARTED', timerStartedEventAttributes: { timerId: '1', startToFireTimeout: '1s' } });
    await expect(replay({ events })).rejects.toBeInstanceOf(DeterminismViolationError);
  });

  it.each(['kaizen-began', 'kaizen-look-failed', 'parameter-deployed', 'parameter-holder-died', 'experiment-kept', 'experiment-restored', 'experiment-paused', 'experiment-continued'])('%s with another call in the place of one is a violation of determinism', async (name) => {
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

  it.each(['experiment-running', 'experiment-continued', 'experiment-no_evidence'])('%s that looks at once instead of at its tick is a violation of determinism', async (name) => {
    const { events } = read(name);
    const timer = events.find(({ timerStartedEventAttributes: started }) => started);
    delete timer?.timerStartedEventAttributes;
    Object.assign(timer ?? {}, { eventType: 'EVENT_TYPE_ACTIVITY_TASK_SCHEDULED', activityTaskScheduledEventAttributes: { activityId: '1', activityType: { name: 'lookAtExperiment' } } });
    expect(events).not.toEqual(read(name).events);
    await expect(replay({ events })).rejects.toBeInstanceOf(DeterminismViolationError);
  });

  it.each(['experiment-rolled_back', 'experiment-aborted'])('%s that did not restore is a violation of determinism', async (name) => {
    const { events } = read(name);
    const restore = events.find(({ activityTaskScheduledEventAttributes: activity }) => activity?.activityType.name === 'restore');
    Object.assign(restore?.activityTaskScheduledEventAttributes?.activityType ?? {}, { name: 'closeAtStatsig' });
    expect(events).not.toEqual(read(name).events);
    await expect(replay({ events })).rejects.toBeInstanceOf(DeterminismViolationError);
  });

  it('an experiment looks on at each tick after the clock was set back by an hour', async () => {
    const { events } = read('experiment-rolled_back');
    const second = events.flatMap(({ eventType }, at) => (eventType === 'EVENT_TYPE_TIMER_FIRED' ? [at] : []))[1] ?? events.length;
    const task = events.findIndex(({ eventType }, at) => at > second && eventType === 'EVENT_TYPE_WORKFLOW_TASK_COMPLETED');
    const setBack = events.map((event, at) => (at < second ? event : { ...event, eventTime: new Date(Date.parse(event.eventTime) - 3_600_000).toISOString() }));
    expect(setBack).not.toEqual(events);
    await expect(replay({ events: withPatch(setBack, task, 'tick-ends-with-its-timer') })).resolves.toBeUndefined();
    // A release without that patch set another timer here, and looked later.
    await expect(replay({ events: setBack })).rejects.toBeInstanceOf(DeterminismViolationError);
  });

  it('an experiment that a person paused as its tick was due looks first where an earlier release began it, and asks for the pause first where this one did', async () => {
    const { events } = read('experiment-running');
    const paused = read('experiment-paused').events.filter(({ eventType }) => eventType.includes('_UPDATE_')).slice(0, 2);
    const fired = events.findLastIndex(({ eventType }) => eventType === 'EVENT_TYPE_TIMER_FIRED');
    const task = events.findIndex(({ eventType }, at) => at > fired && eventType === 'EVENT_TYPE_WORKFLOW_TASK_COMPLETED');
    const renumbered = (all: readonly RecordedEvent[]) => all.map((event, at) => ({ ...event, eventId: String(at + 1) }));
    const head = [...events.slice(0, task + 1), ...paused.map((event) => ({ ...event, eventTime: (events[task] as RecordedEvent).eventTime }))];
    const looked = renumbered([...head, events[task + 1] as RecordedEvent]);
    expect(looked.at(-1)?.activityTaskScheduledEventAttributes?.activityType.name).toBe('lookAtExperiment');
    await expect(replay({ events: looked })).resolves.toBeUndefined();
    const enrol = { ...(events[task + 1] as RecordedEvent), activityTaskScheduledEventAttributes: { ...looked.at(-1)?.activityTaskScheduledEventAttributes, activityType: { name: 'enrol' } } };
    await expect(replay({ events: renumbered([...head, enrol]) })).rejects.toBeInstanceOf(DeterminismViolationError);
    await expect(replay({ events: withPatch(renumbered([...head, enrol]), task + 2, 'tick-ends-with-its-timer') })).resolves.toBeUndefined();
  });

  it('a ledger that had waited is a violation of determinism', async () => {
    const { events } = read('ledger-learned');
    const [first] = events.filter(({ eventType }) => eventType === 'EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED');
    for (const key of Object.keys(first ?? {}).filter((name) => name.endsWith('Attributes'))) Reflect.deleteProperty(first ?? {}, key);
    Object.assign(first ?? {}, { eventType: 'EVENT_TYPE_TIMER_STARTED', timerStartedEventAttributes: { timerId: '1', startToFireTimeout: '1s' } });
    await expect(replay({ events })).rejects.toBeInstanceOf(DeterminismViolationError);
  });
});
