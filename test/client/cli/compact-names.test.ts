import { expect, it } from 'vitest';
import { compactNames } from '../../../client/cli/compact-names.js';

it.each([
  [[], ''],
  [['a'], 'a'],
  [['w-1', 'w-2'], 'w-1, w-2'],
  [['w-1', 'w-2', 'w-3'], 'w-1 … w-3'],
  [['db', 'w-1', 'w-2', 'w-3', 'w-5', 'v-6', 'end'], 'db, w-1 … w-3, w-5, v-6, end'],
  [['w-01', 'w-02', 'w-03'], 'w-01, w-02, w-03'],
])('%j are told as %j', (names, told) => {
  expect(compactNames(names)).toBe(told);
});
