import { describe, expect, it } from 'vitest';
import { assessRisk, type RiskZone } from '../../domain/risk.js';
import { emptySignals, type Signals } from '../../domain/signals.js';

const minuteMs = 60_000;

function assess(change: Partial<Signals>, minutes = 0, dangerZone = 0.75) {
  return assessRisk({ ...emptySignals(0), contextWindowTokens: 100, ...change }, minutes * minuteMs, dangerZone);
}

describe('the risk of a running attempt', () => {
  it.each<{ signal: string; change: Partial<Signals>; minutes?: number; is: 'none' | 'warning' | 'danger' }>([
    { signal: 'context_use', change: { contextTokens: 59 }, is: 'none' },
    { signal: 'context_use', change: { contextTokens: 60 }, is: 'warning' },
    { signal: 'context_use', change: { contextTokens: 75 }, is: 'danger' },
    { signal: 'messages', change: { messages: 34 }, is: 'none' },
    { signal: 'messages', change: { messages: 35 }, is: 'warning' },
    { signal: 'messages', change: { messages: 50 }, is: 'danger' },
    { signal: 'session_minutes', change: {}, minutes: 59.9, is: 'none' },
    { signal: 'session_minutes', change: {}, minutes: 60, is: 'warning' },
    { signal: 'session_minutes', change: {}, minutes: 90, is: 'danger' },
    { signal: 'tool_calls_since_checkpoint', change: { toolCallsSinceCheckpoint: 9 }, is: 'none' },
    { signal: 'tool_calls_since_checkpoint', change: { toolCallsSinceCheckpoint: 10 }, is: 'warning' },
    { signal: 'tool_calls_since_checkpoint', change: { toolCallsSinceCheckpoint: 15 }, is: 'danger' },
    { signal: 'tool_failure_rate', change: { toolCalls: 100, toolFailures: 14 }, is: 'none' },
    { signal: 'tool_failure_rate', change: { toolCalls: 100, toolFailures: 15 }, is: 'warning' },
    { signal: 'tool_failure_rate', change: { toolCalls: 5, toolFailures: 1 }, is: 'danger' },
    { signal: 'tool_failure_rate', change: { toolCalls: 4, toolFailures: 4 }, is: 'none' },
  ])('$signal at $change and $minutes minutes is $is', ({ signal, change, minutes, is }) => {
    const { warnings, dangers } = assess(change, minutes);
    expect({ warnings, dangers }).toEqual({ warnings: is === 'warning' ? [signal] : [], dangers: is === 'danger' ? [signal] : [] });
  });

  it.each<{ what: string; change: Partial<Signals>; minutes?: number; zone: RiskZone }>([
    { what: 'nothing', change: {}, zone: 'safe' },
    { what: 'two warnings', change: { messages: 35, contextTokens: 60 }, zone: 'safe' },
    { what: 'three warnings', change: { messages: 35, contextTokens: 60 }, minutes: 60, zone: 'warning' },
    { what: 'one danger', change: { messages: 50 }, zone: 'warning' },
    { what: 'one danger and two warnings', change: { messages: 50, contextTokens: 60 }, minutes: 60, zone: 'warning' },
    { what: 'two dangers', change: { messages: 50, contextTokens: 75 }, zone: 'danger' },
  ])('$what makes $zone', ({ change, minutes, zone }) => {
    expect(assess(change, minutes).zone).toBe(zone);
  });

  it('a smaller danger zone moves the warning with it', () => {
    expect(assess({ contextTokens: 41 }, 0, 0.5)).toMatchObject({ warnings: ['context_use'], dangers: [], contextUse: 0.41 });
    expect(assess({ contextTokens: 50 }, 0, 0.5).dangers).toEqual(['context_use']);
  });

  it('a context of unknown size is no risk', () => {
    expect(assess({})).toEqual({ zone: 'safe', warnings: [], dangers: [], contextUse: null });
  });
});
