import { randomUUID } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Agent, Launch, LaunchContext, ResumeContext } from './agent.js';
import { codexStreamParser } from './codex-stream.js';
import { codexCallsIn, codexPromptIn, codexTranscriptRules, findRollout, isCodexMessage } from './codex-transcript.js';
import { argumentsOf, claimOf } from './command-line.js';
import { classifyStreamedEnd } from './ending.js';
import { findProgram, misconfigured } from './program.js';
import { resumePrompt } from './resume-prompt.js';
import { forkReason, nothingToResume } from './resume-rung.js';
import { copyTrimmed } from './trimmed-copy.js';
import { shellWord } from '../shell-word.js';

const remedy = 'install it (npm install -g @openai/codex) or set SHIM_CODEX to its path';
const threadIdPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Codex, headless (`codex exec`). Its thread id is known only from its first event. */
export const codex: Agent = {
  kind: 'codex',
  runsSilently: false,
  parser: codexStreamParser,
  classifyEnd: (facts) => classifyStreamedEnd(facts, { needsResult: true, trustsStderr: true }),
  isMessage: isCodexMessage,
  promptIn: codexPromptIn,
  callsIn: codexCallsIn,

  transcriptPath({ environment }, conversationId) {
    if (!threadIdPattern.test(conversationId)) return null;
    return findRollout(join(environment['CODEX_HOME'] ?? join(environment['HOME'] ?? '/', '.codex'), 'sessions'), conversationId);
  },

  claimIn(argv) {
    const args = argumentsOf(argv, isCodex);
    return args && claimOf(args, ['resume'], ['--last']);
  },

  resumeByHand({ conversationId, path, originalPath, cwd }) {
    return [`mkdir -p ${shellWord(dirname(originalPath))}`, `cp -n ${shellWord(path)} ${shellWord(originalPath)}`, `cd ${shellWord(cwd)}`, `codex resume ${conversationId}`];
  },

  launchFirst(context) {
    const { prompt, flags, threadId } = readCodexArguments(context.spec.argv);
    const argv = [program(context), 'exec', '--json', ...flags, ...(threadId === null ? [] : ['resume', threadId]), prompt];
    return { argv, environment: {}, conversationId: threadId, strategy: 'fresh', strategyReason: null, messages: null };
  },

  launchResume(context) {
    const { strategy, transcript, conversationId } = context;
    const { prompt } = readCodexArguments(context.spec.argv);
    const nothing = nothingToResume(context);
    const fromBrief = (why: string | null) => launch(context, { rung: 'brief', why, text: resumePrompt(context, prompt), threadId: null, messagesAfter: 0 });
    if (nothing !== null || conversationId === null || transcript === null || strategy === 'brief') return fromBrief(nothing);
    if (!beginsWithMeta(transcript.path)) return fromBrief('the first line of the transcript does not parse, and Codex needs it');
    if (strategy === 'native' && transcript.malformedLines === 0) {
      return launch(context, { rung: 'native', why: null, text: resumePrompt(context, null), threadId: conversationId, messagesAfter: transcript.messages });
    }
    const forked = randomUUID();
    const copy = join(dirname(transcript.path), basename(transcript.path).replace(conversationId, forked));
    const kept = copyTrimmed(transcript.path, copy, codexTranscriptRules(forked), context.contextIsFull === true);
    return launch(context, { rung: 'fork', why: forkReason(context), text: resumePrompt(context, prompt), threadId: forked, messagesAfter: kept });
  },
};

/** By its name, or as its package has it. */
function isCodex(path: string): boolean {
  return /^codex(\.js)?$/.test(basename(path)) || path.includes('/@openai/codex/');
}

interface Resume {
  rung: Launch['strategy'];
  why: string | null;
  text: string;
  /** Null for a new thread, whose id Codex chooses. */
  threadId: string | null;
  messagesAfter: number;
}

/** The user's own flags, with another prompt and thread. */
function launch(context: ResumeContext, { rung, why, text, threadId, messagesAfter }: Resume): Launch {
  const { flags } = readCodexArguments(context.spec.argv);
  const { transcript } = context;
  return {
    argv: [program(context), 'exec', '--json', ...flags, ...(threadId === null ? [] : ['resume', threadId]), text],
    environment: {},
    conversationId: threadId,
    strategy: rung,
    strategyReason: why,
    messages: transcript && { before: transcript.messages + transcript.malformedLines, after: messagesAfter },
  };
}

function program({ spec, environment }: LaunchContext): string {
  return findProgram(environment['SHIM_CODEX'] ?? 'codex', spec.cwd, environment, remedy);
}

/**
 * Takes the user's own arguments apart: `[exec] [flags] [resume ID] PROMPT`.
 *
 * @throws HostError Misconfigured for what cannot be supervised, with what to do instead.
 */
export function readCodexArguments(argv: readonly string[]): { prompt: string; flags: string[]; threadId: string | null } {
  const rest = argv[0] === 'exec' ? argv.slice(1) : [...argv];
  const prompt = rest.pop();
  if (prompt === undefined || prompt === '' || prompt.startsWith('-')) {
    throw misconfigured('codex runs headless: give the prompt as the last argument, as in: shim run --agent codex -- "do it"');
  }
  const at = rest.indexOf('resume');
  if (at < 0) return { prompt, flags: withoutJson(rest), threadId: null };
  const threadId = rest[at + 1] ?? '';
  if (!threadIdPattern.test(threadId)) throw misconfigured('codex: name the thread, as in resume ID "go on", so that every restart means the same one');
  return { prompt, flags: withoutJson([...rest.slice(0, at), ...rest.slice(at + 2)]), threadId };
}

function withoutJson(flags: readonly string[]): string[] {
  return flags.filter((flag) => flag !== '--json');
}

/** Whether a rollout's first line names its thread: without it Codex refuses to resume. */
function beginsWithMeta(path: string): boolean {
  const file = openSync(path, 'r');
  try {
    const head = Buffer.alloc(512);
    const length = readSync(file, head, 0, head.length, 0);
    return head.toString('utf8', 0, length).includes('"type":"session_meta"');
  } finally {
    closeSync(file);
  }
}
