import { describe, expect, it } from 'vitest';
import { waysOn } from '../../domain/ways-on.js';

it('is told of a session that waits for another whether or not that one can still complete', () => {
  expect(waysOn({ name: 'docs', state: 'waiting_for_session', lastExitClass: undefined })).toBe('nothing: it begins by itself if the other session completes; at once, or where that one never will: shim resume docs; not at all: shim stop docs');
});

describe('what a person can do about a paused session', () => {
  const paused = { name: 'fix', state: 'paused', lastExitClass: undefined } as const;

  it.each([
    ['a person', { pauseReason: 'person' }, 'go on: shim resume fix; end it: shim stop fix'],
    ['nobody tells whom', {}, 'go on: shim resume fix; end it: shim stop fix'],
    ['a budget', { pauseReason: 'budget' }, 'go on with more, as the reason says: shim resume fix (--add-usd, --add-tokens, --add-hours); end it: shim stop fix'],
    ['a second writer', { pauseReason: 'second_writer' }, 'end the other process, then: shim resume fix; or go on beside it at your own risk: shim resume fix --beside; end it: shim stop fix'],
    ['its fleet, which was given up', { pauseReason: 'fleet', fleet: 'team' }, 'see why its fleet was given up: shim fleet team; all go on: shim fleet team reset; end it: shim stop fix'],
  ] as const)('goes by what has paused it: %s', (_what, more, line) => {
    expect(waysOn({ ...paused, ...more })).toBe(line);
  });
});
