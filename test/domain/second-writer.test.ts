import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describeWriter, evidenceOf, unexplainedGrowth, writerEvidences, type WriterEvidence, type WriterFacts } from '../../domain/second-writer.js';

const nothing: WriterFacts = { isOwn: false, claim: null, sharesConversations: false, isInTree: false, writesTranscript: false, isOfOtherShim: false };
const named = { kind: 'conversation', id: 'c1' } as const;

describe('a process', () => {
  it.each<[string, Partial<WriterFacts>, WriterEvidence | null]>([
    ['that is an editor or a shell in the folder', { isInTree: true }, null],
    ['that is an editor with the conversation open for writing', { isInTree: true, writesTranscript: true }, null],
    ['that resumes the conversation', { claim: named, sharesConversations: true }, 'conversation'],
    ["that resumes a conversation of that id among another user's", { claim: named, isInTree: true }, null],
    ['that resumes another conversation in the folder', { claim: { kind: 'conversation', id: 'c2' }, sharesConversations: true, isInTree: true }, null],
    ['that continues the newest conversation in the folder', { claim: { kind: 'newest' }, sharesConversations: true, isInTree: true }, 'newest_conversation'],
    ['that continues the newest conversation of another folder', { claim: { kind: 'newest' }, sharesConversations: true }, null],
    ['that is a new conversation in the folder', { claim: { kind: 'none' }, sharesConversations: true, isInTree: true }, null],
    ['that is the agent and has the conversation open for writing', { claim: { kind: 'none' }, writesTranscript: true }, 'open_transcript'],
    ['that another SHIM has begun in the folder', { isOfOtherShim: true, isInTree: true }, 'other_shim'],
    ['that another SHIM has begun elsewhere', { isOfOtherShim: true }, null],
  ])('%s: %o is %s', (_what, facts, evidence) => {
    expect(evidenceOf({ ...nothing, ...facts }, 'c1')).toBe(evidence);
  });

  const anyFacts = fc.record<WriterFacts>({
    isOwn: fc.boolean(),
    claim: fc.constantFrom(null, named, { kind: 'newest' } as const, { kind: 'none' } as const),
    sharesConversations: fc.boolean(),
    isInTree: fc.boolean(),
    writesTranscript: fc.boolean(),
    isOfOtherShim: fc.boolean(),
  });

  it('of the session itself is never accused, nor one that is no agent and of no other SHIM', () => {
    fc.assert(
      fc.property(anyFacts, fc.constantFrom('c1', 'c2', null), (facts, conversation) => {
        expect(evidenceOf({ ...facts, isOwn: true }, conversation)).toBeNull();
        expect(evidenceOf({ ...facts, claim: null, isOfOtherShim: false }, conversation)).toBeNull();
      }),
    );
  });

  it('beside a session without a conversation can only be of another SHIM', () => {
    fc.assert(
      fc.property(anyFacts, (facts) => {
        expect(['other_shim', null]).toContain(evidenceOf(facts, null));
      }),
    );
  });
});

describe('growth of a transcript', () => {
  const bytes = fc.integer({ min: 0, max: 1e12 });

  it('that the own processes have written, and anything else besides, is explained', () => {
    fc.assert(
      fc.property(bytes, bytes, bytes, bytes, (size, written, own, besides) => {
        expect(unexplainedGrowth({ transcriptBytes: size, writtenBytes: written }, { transcriptBytes: size + own, writtenBytes: written + own + besides })).toBe(0);
      }),
    );
  });

  it('is unexplained by never more than others wrote', () => {
    fc.assert(
      fc.property(bytes, bytes, bytes, bytes, (size, own, others, besides) => {
        const unexplained = unexplainedGrowth({ transcriptBytes: size, writtenBytes: 0 }, { transcriptBytes: size + own + others, writtenBytes: own + besides });
        expect(unexplained).toBeGreaterThanOrEqual(0);
        expect(unexplained).toBeLessThanOrEqual(others);
      }),
    );
  });

  it('is none where the file was cut', () => {
    expect(unexplainedGrowth({ transcriptBytes: 100, writtenBytes: 5 }, { transcriptBytes: 10, writtenBytes: 5 })).toBe(0);
  });
});

it.each(writerEvidences)('a writer shown by %s is told in one line, with who it is', (evidence) => {
  const line = describeWriter({ evidence, pid: 71, program: 'claude', user: 'ann', sinceMs: 0 });
  expect(line).toMatch(/^claude \(pid 71, user ann, since 1970-01-01T00:00:00.000Z\) \S.*$/);
  expect(describeWriter({ evidence, pid: null, program: '', user: '', sinceMs: null })).toMatch(/^somebody who is gone/);
});
