import { describe, expect, it } from 'vitest';
import { parseCount, parseDuration, parsePast, parseRatio, parseSize, parseTime, parseTokens } from '../../../client/cli/units.js';

it.each([['500ms', 500], ['10s', 10_000], ['1.5h', 5_400_000], ['2d', 172_800_000], ['0s', 0], ['3M', 180_000]])('reads the duration %s', (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
});

it.each(['10', '', 's', '-5s', '1e3s', '10 s', '10x', '1..5s', '99999999999999s', '5toString'])('refuses the duration %j and says what one looks like', (text) => {
  expect(() => parseDuration(text)).toThrow(/a number and a unit \(ms, s, m, h, d\), as 10m/);
});

it.each([['512MB', 512e6], ['2gb', 2e9], ['1.5GiB', 1.5 * 2 ** 30], ['100b', 100]])('reads the size %s', (text, bytes) => {
  expect(parseSize(text)).toBe(bytes);
});

it.each(['2', 'GB', '2XB', '-1GB'])('refuses the size %j', (text) => {
  expect(() => parseSize(text)).toThrow(/as 2GB/);
});

it.each([['0.75', 0.75], ['.5', 0.5], ['1', 1], ['0', 0]])('reads the ratio %s', (text, ratio) => {
  expect(parseRatio(text)).toBe(ratio);
});

it.each(['75', '1.5', '-0.1', '75%', ''])('refuses the ratio %j', (text) => {
  expect(() => parseRatio(text)).toThrow(/between 0 and 1/);
});

it.each(['-1', '1.5', 'many', ''])('refuses the count %j', (text) => {
  expect(() => parseCount(text)).toThrow(/whole number/);
});

it.each([['2000000', 2e6], ['500k', 5e5], ['2M', 2e6], ['1.5m', 15e5], ['0.5k', 500]])('reads %s tokens', (text, tokens) => {
  expect(parseTokens(text)).toBe(tokens);
});

it.each(['0', '0M', 'lots', '1.5', '2G', '-2M', 'M', '', '2 M', '0.0001k', '999999999999999M'])('refuses %j tokens', (text) => {
  expect(() => parseTokens(text)).toThrow(/as 2000000, 500k or 2M/);
});

describe('a time', () => {
  const nowMs = new Date(2026, 0, 31, 14, 0).getTime();

  it('is so long from now, the next such time of day, or a date', () => {
    expect(parseTime('30m', nowMs)).toBe(nowMs + 1_800_000);
    expect(parseTime('14:30', nowMs)).toBe(nowMs + 1_800_000);
    expect(parseTime('14:00', nowMs)).toBe(new Date(2026, 1, 1, 14, 0).getTime());
    expect(parseTime('2026-01-31T14:30:00Z', nowMs)).toBe(Date.UTC(2026, 0, 31, 14, 30));
  });

  it.each(['soon', '25:00', '5x', '2026', '', '-5m', '2026-99-99T00:00'])('is not %j, and the message says what one looks like', (text) => {
    expect(() => parseTime(text, nowMs)).toThrow(/is no time; give one from now \(30m\)/);
  });
});

describe('a time that is over', () => {
  const nowMs = new Date(2026, 0, 31, 14, 0).getTime();

  it('is a duration before now, the latest such time of day, or ISO 8601', () => {
    expect(parsePast('30m', nowMs)).toBe(nowMs - 1_800_000);
    expect(parsePast('13:30', nowMs)).toBe(nowMs - 1_800_000);
    expect(parsePast('14:30', nowMs)).toBe(nowMs - 84_600_000);
    expect(parsePast('2026-01-31T14:30:00Z', nowMs)).toBe(Date.parse('2026-01-31T14:30:00Z'));
    expect(() => parsePast('soon', nowMs)).toThrow(/"soon" is no time/);
  });
});
