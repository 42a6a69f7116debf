import type { Client } from '@temporalio/client';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { beforeEach, describe, expect, it } from 'vitest';
import { measureSessionStates } from '../../workers/session-states.js';

let asked: string[];
let registry: Registry;
let answer: () => Promise<{ count: number; groups: [] }>;

beforeEach(() => {
  asked = [];
  registry = new Registry();
  answer = () => Promise.resolve({ count: 3, groups: [] });
  const client: Pick<Client, 'workflow' | 'withDeadline'> = {
    workflow: { count: (query: string) => (asked.push(query), answer()) } as unknown as Client['workflow'],
    withDeadline: (_deadline, work) => work(),
  };
  measureSessionStates(client, registry, pino({ level: 'silent' }));
});

describe('open sessions', () => {
  it('are counted when somebody looks at the metrics, and once for looks that follow each other', async () => {
    expect(asked).toEqual([]);
    expect(await registry.metrics()).toContain('shim_open_sessions{state="running"} 3');
    const once = asked.length;
    expect(await registry.metrics()).toContain('shim_open_sessions{state="paused"} 3');
    expect(asked).toHaveLength(once);
  });

  it('have no value while Temporal does not answer, and one again at the next look', async () => {
    answer = () => Promise.reject(new Error('away'));
    expect(await registry.metrics()).not.toContain('shim_open_sessions{');
    answer = () => Promise.resolve({ count: 4, groups: [] });
    expect(await registry.metrics()).toContain('shim_open_sessions{state="running"} 4');
  });
});
