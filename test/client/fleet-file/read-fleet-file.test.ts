import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BadInputError } from '../../../client/errors.js';
import { parseFleetFile } from '../../../client/fleet-file/read-fleet-file.js';

function refusal(source: string): string {
  try {
    parseFleetFile(source, 'shim.yaml');
  } catch (error) {
    if (error instanceof BadInputError) return error.message;
    throw error;
  }
  return 'taken';
}

const bomb = ['a: &a [x, x, x, x, x, x, x, x, x]', ...Array.from({ length: 8 }, (_, n) => `${'bcdefghi'[n]}: &${'bcdefghi'[n]} [${Array.from({ length: 9 }, () => `*${'abcdefgh'[n]}`).join(', ')}]`)].join('\n');

describe("a fleet's file", () => {
  it('is read, with durations and sizes as numbers', () => {
    const { file } = parseFleetFile('fleet: team\nwindow: 5m\nsessions:\n  a:\n    command: [true.sh]\n    memory-limit: 2GB\n    hang-timeout: 1.5h\n', 'shim.yaml');
    expect(file).toEqual({ fleet: 'team', window: 300_000, sessions: { a: { command: ['true.sh'], 'memory-limit': 2_000_000_000, 'hang-timeout': 5_400_000 } } });
  });

  it.each<[string, string, RegExp]>([
    ['an empty file', '', /^shim\.yaml:1:1: it does not describe a fleet; write one as in examples\/team\/shim\.yaml$/],
    ['a list', '- a\n', /^shim\.yaml:1:1: it does not describe a fleet; /],
    ['wrong in three places', 'fleet: team\nsessions:\n  a: {command: x, instances: many, comand: y}\nwindow: 10\n', /^shim\.yaml:3:30: sessions\.a\.instances: a whole number; 2 more, at 3:36, 4:9$/],
    ['no name', 'sessions: {a: {command: x}}\n', /^shim\.yaml:1:1: fleet is missing/],
    ['no sessions', 'fleet: team\n', /^shim\.yaml:1:1: sessions is missing/],
    ['a name that is a path', 'fleet: ../../x\nsessions: {}\n', /^shim\.yaml:1:8: fleet: a session name starts with a letter or digit/],
    ['a session whose name is a path', 'fleet: team\nsessions:\n  ok: {command: x}\n  ../../x:\n    command: x\n', /^shim\.yaml:4:3: "\.\.\/\.\.\/x": a session name starts with/],
    ['an unknown key', 'fleet: team\nsessions:\n  a:\n    command: x\n    comand: y\n', /^shim\.yaml:5:5: there is no "comand" in sessions\.a; see deploy\/shim\.schema\.json/],
    ['an unknown key above', 'fleet: team\nreplicas: 3\nsessions: {}\n', /^shim\.yaml:2:1: there is no "replicas" here/],
    ['a wrong type', 'fleet: team\nsessions:\n  a:\n    command: x\n    instances: many\n', /^shim\.yaml:5:16: sessions\.a\.instances: a whole number/],
    ['an argument that is a number', 'fleet: team\nsessions:\n  a:\n    agent: codex\n    args: [exec, 5]\n', /^shim\.yaml:5:18: sessions\.a\.args\.1: a text; put it in quotes/],
    ['a duration without its unit', 'fleet: team\nwindow: 10\nsessions: {}\n', /^shim\.yaml:2:9: window: a number and a unit/],
    ['a strategy that there is not', 'fleet: team\nstrategy: one_for_none\nsessions: {}\n', /^shim\.yaml:2:11: strategy: one of one_for_one, one_for_all, rest_for_one/],
    ['too many instances', 'fleet: team\nsessions:\n  a: {command: x, instances: 501}\n', /^shim\.yaml:3:30: sessions\.a\.instances: 500 at most/],
    ['a key twice', 'fleet: team\nfleet: other\nsessions: {}\n', /^shim\.yaml:2:1: Map keys must be unique/],
    ['broken YAML', 'fleet: team\nsessions: {a: [\n', /^shim\.yaml:3:1: /],
    ['a tab as indent', 'fleet: team\nsessions:\n\ta: 1\n', /^shim\.yaml:3:\d+: /],
    ['two documents', 'fleet: team\n---\nfleet: other\n', /^shim\.yaml:\d:\d: Source contains multiple documents/],
    ['an alias bomb', `${bomb}\n`, /^shim\.yaml:1:1: its aliases cannot be resolved: Excessive alias count/],
    ['an unresolved alias', 'fleet: *nobody\nsessions: {}\n', /^shim\.yaml:1:\d: /],
    ['brackets without end', `fleet: ${'['.repeat(100_000)}`, /^shim\.yaml: brackets lie more than 32 deep/],
    ['lists in lists without end', `fleet: team\nsessions:\n  ${'- '.repeat(10_000)}x\n`, /^shim\.yaml: it is nested more than 32 deep/],
    ['a huge file', `fleet: team\n#${'x'.repeat(300_000)}\n`, /^shim\.yaml: it has more than 256000 bytes/],
    ['a prototype', 'fleet: team\n__proto__: {polluted: 1}\nsessions: {}\n', /^shim\.yaml:2:1: /],
  ])('that is %s is refused in one line that says where', (_what, source, line) => {
    const message = refusal(source);
    expect(message).toMatch(line);
    expect(message).not.toContain('\n');
    expect(message.length).toBeLessThan(700);
  });

  it('of any text is taken or refused in one line, and nothing else is ever thrown', () => {
    const words = fc.constantFrom('fleet: a', 'sessions:', '  a:', '    command: x', '&a', '*a', '- ', '[', ']', '{', '}', '"', ': ', '\n', '\t', '#', '!!js', '<<', '| ', '> ', '%YAML', '---', '\0', '💥');
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary', maxLength: 300 }), fc.array(words, { maxLength: 40 }).map((parts) => parts.join(''))), (source) => {
        expect(refusal(source)).not.toContain('\n');
      }),
      { numRuns: 2_000 },
    );
  });
});
