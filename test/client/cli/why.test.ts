import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { explain, renderExplanation } from '../../../client/cli/why/explain.js';
import { describeReceipt } from '../../../client/cli/why/receipt-text.js';
import { readSessionRecords } from '../../../client/session-records.js';
import { viewOfRecords } from '../../../client/session-view.js';
import { fixtureReceipt, startedAtMs, writeClosedSession } from '../fixture-session.js';

const nowMs = startedAtMs + 10 * 60_000;
let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'shim-why-'));
});
afterEach(() => {
  rmSync(home, { recursive: true });
});

it('puts every part of a receipt into clear words', () => {
  expect(Object.fromEntries(describeReceipt(fixtureReceipt(), nowMs))).toEqual({
    'Cause of death': 'killed: ended by SIGKILL (SIGKILL), 8m 30s ago',
    'Old copy dead': 'proved: none of 214 processes on this machine belonged to it (sweep); 2 left-over processes had to be killed; 6 ms',
    Checkpoint: 'ck-0006 was used, made 9m ago; ck-0007 was rejected: its manifest has another hash',
    'Resumed by': 'a trimmed copy of the conversation (fork), because 1 line of the transcript does not parse',
    'Came back': '92 %: 11 of 12 messages, 30 of 30 files, told of 1 of 1 operation in flight',
    'In flight': 'Bash: npm publish (outcome unknown; the agent was told to verify before repeating)',
    Lost: 'the reply on line 14 of the transcript',
    Took: '31 ms from the end to the new process, 1.2 s until it was running',
    Cost: '12,345 input tokens for its first call',
  });
});

it('says of a receipt what is not known, and does not make a number of it', () => {
  const receipt = fixtureReceipt({ fidelity: null, inFlight: [], lost: [], strategy: 'fresh', strategyReason: null, timing: { endToSpawnMs: 31, endToRunningMs: null }, cost: { inputTokens: null } });
  const text = Object.fromEntries(describeReceipt(receipt, nowMs));
  expect(text).toMatchObject({ 'Came back': 'not known yet: the resumed attempt has not run', 'In flight': 'nothing', Lost: 'nothing', Took: '31 ms from the end to the new process', Cost: 'not told by the agent' });
});

it('explains a closed session from its folder alone', async () => {
  await writeClosedSession(home);
  const records = readSessionRecords(home, 'fix');
  const explanation = explain(viewOfRecords(records!, 'host-1', null), records);
  const text = renderExplanation(explanation, nowMs);
  expect(text).toContain('fix (command) is stopped: stopped by ada.');
  expect(text).toContain('Last end (attempt 2): stopped: stop by ada (SIGTERM)');
  expect(text).toContain('Last resume (attempt 1 to 2):');
  expect(text).toContain('What now: nothing: it will not return by itself');
});
