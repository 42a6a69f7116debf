import { randomUUID } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Agent, Launch, LaunchContext, ResumeContext } from './agent.js';
import { codexStreamParser } from './codex-stream.js';
import { classifyStreamedEnd } from './ending.js';
import { asObject } from './json-line.js';
import { findProgram, misconfigured } from './program.js';
import { copyTrimmed } from './trimmed-copy.js';

const remedy = 'install it (npm install -g @openai/codex) or set SHIM_CODEX to its path';
const threadIdPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Codex, headless (`codex exec`). Its thread id is known only from its first event. */
export const codex: Agent = {
  kind: 'codex',
  runsSilently: false,
  parser: codexStreamParser,
  classifyEnd: (facts) => classifyStreamedEnd(facts, true),
  isMessage: (entry) => entry['type'] === 'response_item' && asObject(entry['payload'])?.['type'] === 'message',

  transcriptPath({ environment }, conversationId) {
    if (!threadIdPattern.test(conversationId)) return null;
    return findRollout(join(environment['CODEX_HOME'] ?? join(environment['HOME'] ?? '/', '.codex'), 'sessions'), conversationId);
  },

  launchFirst(context) {
    const { prompt, flags } = readArguments(context.spec.argv);
    return { argv: [program(context), 'exec', '--json', ...flags, prompt], environment: {}, conversationId: null, strategy: 'fresh', strategyReason: null, messages: null };
  },

  launchResume(context: ResumeContext): Launch {
    const { prompt, flags } = readArguments(context.spec.argv);
    const { strategy, transcript, conversationId, brief } = context;
    const messages = (after: number) => transcript && { before: transcript.messages + transcript.malformedLines, after };
    const resume = (id: string, rung: 'native' | 'fork', why: string | null, after: number): Launch => ({
      argv: [program(context), 'exec', '--json', ...flags, 'resume', id, brief],
      environment: {},
      conversationId: id,
      strategy: rung,
      strategyReason: why,
      messages: messages(after),
    });
    if (conversationId === null || transcript === null || transcript.messages === 0 || strategy === 'brief') {
      const why = strategy === 'brief' ? null : 'the conversation before left no transcript';
      return { argv: [program(context), 'exec', '--json', ...flags, `${brief}\n\n${prompt}`], environment: {}, conversationId: null, strategy: 'brief', strategyReason: why, messages: messages(0) };
    }
    if (strategy === 'native' && transcript.malformedLines === 0) return resume(conversationId, 'native', null, transcript.messages);
    const forked = randomUUID();
    const copy = join(dirname(transcript.path), basename(transcript.path).replace(conversationId, forked));
    const kept = copyTrimmed(transcript.path, copy, codex.isMessage, {}, (entry) => renameThread(entry, forked));
    const why = strategy === 'fork' ? null : `${transcript.malformedLines} lines of the transcript do not parse`;
    return resume(forked, 'fork', why, kept);
  },
};

/** The first entry of a rollout names its thread. */
function renameThread(entry: Record<string, unknown>, id: string): void {
  const payload = asObject(entry['payload']);
  if (entry['type'] === 'session_meta' && payload) Object.assign(payload, { id }, 'session_id' in payload ? { session_id: id } : {});
}

function program({ spec, environment }: LaunchContext): string {
  return findProgram(environment['SHIM_CODEX'] ?? 'codex', spec.cwd, environment, remedy);
}

/** `exec` may be given or left out; the prompt is the last argument. */
function readArguments(argv: readonly string[]): { prompt: string; flags: string[] } {
  const rest = argv[0] === 'exec' ? argv.slice(1) : [...argv];
  const prompt = rest.at(-1);
  if (prompt === undefined || prompt === '' || prompt === '-' || prompt.startsWith('--')) {
    throw misconfigured('codex runs headless: give the prompt as the last argument, as in: shim run --agent codex -- "do it"');
  }
  return { prompt, flags: rest.slice(0, -1).filter((flag) => flag !== '--json') };
}

/** Rollouts lie by date, newest last: sessions/YYYY/MM/DD/rollout-<time>-<id>.jsonl. */
function findRollout(folder: string, id: string): string | null {
  for (const year of newestFirst(folder)) {
    for (const month of newestFirst(join(folder, year))) {
      for (const day of newestFirst(join(folder, year, month))) {
        const file = newestFirst(join(folder, year, month, day)).find((name) => name.startsWith('rollout-') && name.endsWith(`${id}.jsonl`));
        if (file !== undefined) return join(folder, year, month, day, file);
      }
    }
  }
  return null;
}

function newestFirst(folder: string): string[] {
  try {
    return readdirSync(folder).toSorted().toReversed();
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return [];
    throw error;
  }
}
