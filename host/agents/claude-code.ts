import { randomUUID } from 'node:crypto';
import { dirname, join } from 'node:path';
import type { Agent, Launch, LaunchContext } from './agent.js';
import { claudeStreamParser } from './claude-stream.js';
import { classifyStreamedEnd } from './ending.js';
import { findProgram, misconfigured } from './program.js';
import { copyTrimmed } from './trimmed-copy.js';

const remedy = 'install it (npm install -g @anthropic-ai/claude-code) or set SHIM_CLAUDE to its path';
const conversationIdPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** What SHIM itself says, and therefore takes out of the user's arguments at a resume. */
const streamFlags = ['--output-format', 'stream-json', '--verbose'];

/** Claude Code, headless (`claude -p`). Its conversation id is chosen before the first start. */
export const claudeCode: Agent = {
  kind: 'claude-code',
  runsSilently: false,
  parser: claudeStreamParser,
  classifyEnd: (facts) => classifyStreamedEnd(facts, true),
  isMessage: (entry) => entry['type'] === 'user' || entry['type'] === 'assistant',

  transcriptPath({ spec, environment }, conversationId) {
    if (!conversationIdPattern.test(conversationId)) return null;
    const config = environment['CLAUDE_CONFIG_DIR'] ?? join(environment['HOME'] ?? '/', '.claude');
    return join(config, 'projects', spec.cwd.replace(/[^A-Za-z0-9]/g, '-'), `${conversationId}.jsonl`);
  },

  launchFirst(context) {
    const { prompt, flags, conversationId, isResume } = readArguments(context.spec.argv);
    const id = conversationId ?? randomUUID();
    const argv = [program(context), '-p', prompt, ...flags, isResume ? '--resume' : '--session-id', id, ...missingStreamFlags(flags)];
    return fresh(argv, id);
  },

  launchResume(context) {
    const { prompt, flags } = readArguments(context.spec.argv);
    const { strategy, transcript, conversationId, brief } = context;
    const launch = (rung: Launch['strategy'], why: string | null, text: string, identity: [string, string], after: number): Launch => ({
      argv: [program(context), '-p', text, ...flags, ...identity, ...missingStreamFlags(flags)],
      environment: {},
      conversationId: identity[1],
      strategy: rung,
      strategyReason: why,
      messages: transcript && { before: transcript.messages + transcript.malformedLines, after },
    });
    if (conversationId === null || transcript === null || transcript.messages === 0) {
      const why = strategy === 'brief' ? null : 'the conversation before left no transcript';
      return launch('brief', why, `${brief}\n\n${prompt}`, ['--session-id', randomUUID()], 0);
    }
    if (strategy === 'brief') return launch('brief', null, `${brief}\n\n${prompt}`, ['--session-id', randomUUID()], 0);
    if (strategy === 'native' && transcript.malformedLines === 0) return launch('native', null, brief, ['--resume', conversationId], transcript.messages);
    const forked = randomUUID();
    const kept = copyTrimmed(transcript.path, join(dirname(transcript.path), `${forked}.jsonl`), claudeCode.isMessage, { sessionId: forked });
    const why = strategy === 'fork' ? null : `${transcript.malformedLines} lines of the transcript do not parse`;
    return launch('fork', why, brief, ['--resume', forked], kept);
  },
};

function fresh(argv: string[], conversationId: string): Launch {
  return { argv, environment: {}, conversationId, strategy: 'fresh', strategyReason: null, messages: null };
}

function program({ spec, environment }: LaunchContext): string {
  return findProgram(environment['SHIM_CLAUDE'] ?? 'claude', spec.cwd, environment, remedy);
}

function missingStreamFlags(flags: readonly string[]): string[] {
  return flags.includes('--output-format') ? streamFlags.filter((flag) => flag === '--verbose' && !flags.includes(flag)) : streamFlags.filter((flag) => !flags.includes(flag));
}

/** Takes the prompt and the conversation out of the user's own arguments; every other flag is kept at every start. */
export function readArguments(argv: readonly string[]): { prompt: string; flags: string[]; conversationId: string | null; isResume: boolean } {
  const flags: string[] = [];
  let prompt: string | null = null;
  let conversationId: string | null = null;
  let isResume = false;
  for (let at = 0; at < argv.length; at += 1) {
    const [flag, inlineValue] = splitFlag(argv[at] ?? '');
    const value = () => inlineValue ?? argv[(at += 1)] ?? '';
    switch (flag) {
      case '-p':
      case '--print':
        prompt = value();
        break;
      case '--session-id':
        conversationId = value();
        break;
      case '-r':
      case '--resume':
        conversationId = value();
        isResume = true;
        break;
      case '-c':
      case '--continue':
        throw misconfigured('claude-code: name the conversation with --resume ID instead of --continue, so that every restart means the same one');
      case '--output-format': {
        const format = value();
        if (format !== 'stream-json') throw misconfigured(`claude-code: SHIM reads --output-format stream-json, not ${format}; leave the flag out`);
        break;
      }
      default:
        flags.push(argv[at] ?? '');
    }
  }
  if (prompt === null || prompt === '' || prompt.startsWith('-')) throw misconfigured('claude-code runs headless: give the prompt right after -p, as in: shim run --agent claude-code -- -p "do it"');
  if (conversationId !== null && !conversationIdPattern.test(conversationId)) throw misconfigured(`claude-code: ${JSON.stringify(conversationId.slice(0, 60))} is no conversation id (a UUID)`);
  return { prompt, flags, conversationId, isResume };
}

function splitFlag(argument: string): [string, string | undefined] {
  const equals = argument.indexOf('=');
  return argument.startsWith('--') && equals > 0 ? [argument.slice(0, equals), argument.slice(equals + 1)] : [argument, undefined];
}

