import { randomUUID } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import type { Agent, Launch, LaunchContext, ResumeContext } from './agent.js';
import { isConversationId, missingStreamFlags, readClaudeArguments } from './claude-arguments.js';
import { claudeStreamParser } from './claude-stream.js';
import { claudeCallsIn, claudePromptIn, claudeTranscriptIn, claudeTranscriptRules, findClaudeTranscript, isClaudeMessage } from './claude-transcript.js';
import { argumentsOf, claimOf } from './command-line.js';
import { classifyCompaction } from './compaction.js';
import { classifyStreamedEnd } from './ending.js';
import { findProgram } from './program.js';
import { resumePrompt } from './resume-prompt.js';
import { forkReason, nothingToResume } from './resume-rung.js';
import { copyTrimmed } from './trimmed-copy.js';
import { shellWord } from '../shell-word.js';

const remedy = 'install it (npm install -g @anthropic-ai/claude-code) or set SHIM_CLAUDE to its path';

/** Claude Code, headless (`claude -p`). Its conversation id is chosen before the first start. */
export const claudeCode: Agent = {
  kind: 'claude-code',
  runsSilently: false,
  parser: claudeStreamParser,
  classifyEnd(facts) {
    const verdict = classifyStreamedEnd(facts, { needsResult: true, trustsStderr: true });
    return facts.compacting ? classifyCompaction(facts, verdict) : verdict;
  },
  isMessage: isClaudeMessage,
  promptIn: claudePromptIn,
  callsIn: claudeCallsIn,

  transcriptPath({ spec, environment }, conversationId) {
    if (!isConversationId(conversationId)) return null;
    return findClaudeTranscript(environment['CLAUDE_CONFIG_DIR'] ?? join(environment['HOME'] ?? '/', '.claude'), spec.cwd, conversationId);
  },

  claimIn(argv) {
    const args = argumentsOf(argv, isClaude);
    return args && claimOf(args, ['--resume', '-r', '--session-id'], ['--continue', '-c']);
  },

  resumeByHand({ conversationId, path, originalPath, cwd }) {
    const place = claudeTranscriptIn(dirname(dirname(originalPath)), cwd, conversationId);
    return [`mkdir -p ${shellWord(dirname(place))}`, `cp -n ${shellWord(path)} ${shellWord(place)}`, `cd ${shellWord(cwd)}`, `claude --resume ${conversationId}`];
  },

  launchFirst(context) {
    const { prompt, flags, conversationId, isResume } = readClaudeArguments(context.spec.argv);
    const id = conversationId ?? randomUUID();
    const argv = [program(context), '-p', prompt, ...flags, ...budgetFlags(context, flags, false), isResume ? '--resume' : '--session-id', id, ...missingStreamFlags(flags)];
    return { argv, environment: {}, conversationId: id, strategy: 'fresh', strategyReason: null, messages: null };
  },

  launchResume(context) {
    const { strategy, transcript, conversationId } = context;
    const { prompt } = readClaudeArguments(context.spec.argv);
    const nothing = nothingToResume(context);
    if (nothing !== null || conversationId === null || transcript === null || strategy === 'brief') {
      return launch(context, { rung: 'brief', why: nothing, text: resumePrompt(context, prompt), identity: ['--session-id', randomUUID()], messagesAfter: 0 });
    }
    if (strategy === 'native' && transcript.malformedLines === 0) {
      return launch(context, { rung: 'native', why: null, text: resumePrompt(context, null), identity: ['--resume', conversationId], messagesAfter: transcript.messages });
    }
    if (strategy === 'compact' && transcript.malformedLines === 0) {
      return launch(context, { rung: 'compact', why: null, text: '/compact', identity: ['--resume', conversationId], messagesAfter: transcript.messages });
    }
    const forked = randomUUID();
    const kept = copyTrimmed(transcript.path, join(dirname(transcript.path), `${forked}.jsonl`), claudeTranscriptRules(forked), context.contextIsFull === true);
    return launch(context, { rung: 'fork', why: forkReason(context), text: resumePrompt(context, prompt), identity: ['--resume', forked], messagesAfter: kept });
  },
};

/** By its name, or as its package has it. */
function isClaude(path: string): boolean {
  return /^claude(\.exe)?$/.test(basename(path)) || path.includes('/@anthropic-ai/claude-code/');
}

interface Resume {
  rung: Launch['strategy'];
  why: string | null;
  text: string;
  identity: [string, string];
  messagesAfter: number;
}

/** The user's own flags, with another prompt and conversation. */
function launch(context: ResumeContext, { rung, why, text, identity, messagesAfter }: Resume): Launch {
  const { flags } = readClaudeArguments(context.spec.argv);
  const { transcript } = context;
  return {
    argv: [program(context), '-p', text, ...flags, ...budgetFlags(context, flags, rung === 'native' || rung === 'compact'), ...identity, ...missingStreamFlags(flags)],
    environment: {},
    conversationId: identity[1],
    strategy: rung,
    strategyReason: why,
    messages: transcript && { before: transcript.messages + transcript.malformedLines, after: messagesAfter },
  };
}

/** Its cost is told at the end of a turn only: within one, it keeps the budget itself. A bound of the user's own stays. */
function budgetFlags({ spendableUsd }: LaunchContext, flags: readonly string[], goesOn: boolean): string[] {
  if (!spendableUsd || flags.some((flag) => flag.startsWith('--max-budget-usd'))) return [];
  return ['--max-budget-usd', (goesOn ? spendableUsd.resumed : spendableUsd.anew).toFixed(4)];
}

function program({ spec, environment }: LaunchContext): string {
  return findProgram(environment['SHIM_CLAUDE'] ?? 'claude', spec.cwd, environment, remedy);
}
