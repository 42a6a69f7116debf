import { describe, expect, it } from 'vitest';
import { circleOf, isOver, whyItWaits, type Predecessor } from '../../domain/session-chain.js';

const waits: [Predecessor, over: boolean, why: RegExp][] = [
  [{ kind: 'unknown' }, false, /^waits until a has completed$/],
  [{ kind: 'open', state: 'running', reason: 'first event seen' }, false, /until a has completed; it was running when asked$/],
  [{ kind: 'open', state: 'failed', reason: 'auth_failed: no key' }, false, /has failed \(auth_failed: no key\): mend it and shim reset a; or start this one anyway: shim resume b; or end it: shim stop b$/],
  [{ kind: 'closed', state: 'stopped', reason: 'stopped by ann' }, false, /was stopped and will not complete \(stopped by ann\): start this one anyway: shim resume b/],
  [{ kind: 'gone', reason: 'Temporal does not know it' }, false, /is not there \(Temporal does not know it\): start this one anyway: shim resume b/],
  [{ kind: 'closed', state: 'completed', reason: 'exit 0' }, true, /./],
];

describe('a session that waits for another', () => {
  it.each(waits)('waits or not for one that is %o, and says why and what to do', (predecessor, over, why) => {
    expect(isOver(predecessor)).toBe(over);
    expect(whyItWaits('b', 'a', predecessor)).toMatch(why);
  });

  it('is told of a circle by its names', () => {
    expect(circleOf(['a', 'b', 'c'])).toMatch(/a after b after c after a;/);
  });
});
