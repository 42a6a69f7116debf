import { describe, expect, it } from 'vitest';
import type { AgentEvent } from '../../../domain/agent-event.js';
import { applyEvent, emptySignals } from '../../../domain/signals.js';
import type { EndFacts } from '../../../host/agents/agent.js';
import { agentFor } from '../../../host/agents/registry.js';

const heapOut = 'FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory\n 1: 0xb0\n';
const said: AgentEvent[] = [{ kind: 'started' }, { kind: 'message', role: 'assistant' }];
const succeeded: AgentEvent[] = [...said, { kind: 'result', ok: true }];

function facts(events: AgentEvent[], end: Partial<EndFacts>): EndFacts {
  return { exitCode: null, signal: null, stderrTail: '', ...end, signals: events.reduce((signals, event) => applyEvent(signals, event, 0), emptySignals(0)) };
}

describe.each(['claude-code', 'codex'] as const)('the end of %s', (kind) => {
  it.each([
    ['a result and exit 0', succeeded, { exitCode: 0 }, 'completed', 'the agent finished'],
    ['a result and a kill', succeeded, { signal: 'SIGKILL' }, 'completed', 'the agent finished'],
    ['exit 0 without a result', said, { exitCode: 0 }, 'crashed', 'exit 0 without a result'],
    ['exit 0 without a word', [], { exitCode: 0 }, 'crashed', 'exit 0 without a result'],
    ['SIGKILL', said, { signal: 'SIGKILL' }, 'killed', 'ended by SIGKILL from outside'],
    ['SIGSEGV', said, { signal: 'SIGSEGV' }, 'crashed', 'ended by SIGSEGV'],
    ['exit 137, which is no signal', said, { exitCode: 137 }, 'crashed', 'exit 137'],
    ['a full heap', said, { signal: 'SIGABRT', stderrTail: heapOut }, 'out_of_memory', 'heap out of memory'],
    ['a full heap and exit 134', said, { exitCode: 134, stderrTail: heapOut }, 'out_of_memory', 'heap out of memory'],
    ['an unknown conversation', [], { exitCode: 1, stderrTail: 'No conversation found with session ID: 1' }, 'misconfigured', 'No conversation found'],
    ['a folder that is no repository', [], { exitCode: 1, stderrTail: 'Not inside a trusted directory and --skip-git-repo-check was not specified.' }, 'misconfigured', '--skip-git-repo-check'],
    ['a missing login', [], { exitCode: 1, stderrTail: 'Invalid API key · Please run /login' }, 'auth_failed', 'Invalid API key'],
    ['a program that cannot be run', [], { exitCode: 127, stderrTail: 'sh: exec: not found' }, 'misconfigured', 'could not be run'],
    ['an exception', said, { exitCode: 1, stderrTail: 'a\nTypeError: x is undefined\n' }, 'crashed', 'exit 1: TypeError: x is undefined'],
  ] as const)('by %s', (_name, events, end, exitClass, reason) => {
    expect(agentFor(kind).classifyEnd(facts([...events], end))).toMatchObject({ exitClass, reason: expect.stringContaining(reason) });
  });
});

describe('the end of any other command', () => {
  it.each([
    ['exit 0', [], { exitCode: 0 }, 'completed'],
    ['exit 0 of one that streams messages but no result', said, { exitCode: 0 }, 'crashed'],
    ['exit 0 of one that streams a result', succeeded, { exitCode: 0 }, 'completed'],
    ['exit 1', [], { exitCode: 1 }, 'crashed'],
    ['exit 126', [], { exitCode: 126 }, 'misconfigured'],
    ['exit 127', [], { exitCode: 127 }, 'misconfigured'],
    ['SIGKILL', [], { signal: 'SIGKILL' }, 'killed'],
    ['a full heap', [], { exitCode: 134, stderrTail: heapOut }, 'out_of_memory'],
    ['words on stderr about the key of something else', [], { exitCode: 1, stderrTail: 'GET /users 401 Unauthorized' }, 'crashed'],
    ['words on stderr about the limit of something else', [], { exitCode: 1, stderrTail: 'npm: 429 too many requests' }, 'crashed'],
  ] as const)('by %s', (_name, events, end, exitClass) => {
    expect(agentFor('command').classifyEnd(facts([...events], end)).exitClass).toBe(exitClass);
  });
});
