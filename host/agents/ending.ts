import type { EndFacts, EndVerdict } from './agent.js';
import { failureFromText } from './failure-text.js';
import { oneLine } from './json-line.js';

/** Exit codes by which a shell says that a program could not be run. */
const cannotRun = new Set([126, 127]);

/**
 * What the end of an agent with a stream amounts to: its own last word counts most, then the signal, then the words on
 * stderr, then the exit code.
 *
 * @param rules.needsResult an agent that says when it is done has not succeeded without saying so.
 * @param rules.trustsStderr what stderr says of limits, keys and the like is the agent's own: any other program may print
 * the same words about something else.
 */
export function classifyStreamedEnd({ exitCode, signal, signals, stderrTail }: EndFacts, rules: { needsResult: boolean; trustsStderr: boolean }): EndVerdict {
  const { needsResult, trustsStderr } = rules;
  const limitResetsAtMs = signals.limitResetsAtMs;
  const { result } = signals;
  if (result?.ok) return { exitClass: 'completed', reason: 'the agent finished', limitResetsAtMs: null };
  if (result?.failure) {
    const { exitClass, message, resetsAtMs } = result.failure;
    return { exitClass, reason: message, limitResetsAtMs: exitClass === 'limit_reached' ? (resetsAtMs ?? limitResetsAtMs) : null };
  }
  const words = failureFromText(stderrTail);
  if (words?.exitClass === 'out_of_memory') return { exitClass: 'out_of_memory', reason: words.message, limitResetsAtMs: null };
  if (signal === 'SIGKILL') return { exitClass: 'killed', reason: 'ended by SIGKILL from outside', limitResetsAtMs: null };
  if (signal !== null) return { exitClass: 'crashed', reason: `ended by ${signal}${lastWords(stderrTail)}`, limitResetsAtMs: null };
  if (exitCode !== null && cannotRun.has(exitCode)) return { exitClass: 'misconfigured', reason: `the program could not be run (exit ${exitCode})${lastWords(stderrTail)}`, limitResetsAtMs: null };
  if (exitCode === 0 && !needsResult) return { exitClass: 'completed', reason: 'exit 0', limitResetsAtMs: null };
  if (exitCode === 0) return { exitClass: 'crashed', reason: 'exit 0 without a result', limitResetsAtMs: null };
  if (words && trustsStderr) return { exitClass: words.exitClass, reason: words.message, limitResetsAtMs: words.exitClass === 'limit_reached' ? (words.resetsAtMs ?? limitResetsAtMs) : null };
  return { exitClass: 'crashed', reason: `exit ${exitCode}${lastWords(stderrTail)}`, limitResetsAtMs: null };
}

function lastWords(stderrTail: string): string {
  const line = stderrTail.trimEnd().split('\n').at(-1) ?? '';
  return line === '' ? '' : `: ${oneLine(line, 200)}`;
}
