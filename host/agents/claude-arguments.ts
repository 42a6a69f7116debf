import { misconfigured } from './program.js';

const conversationIdPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Flags that make Claude Code something other than one process that works on one prompt until it is done. */
const notHeadless: ReadonlySet<string> = new Set(['--bg', '--background', '--cloud', '--desktop', '--input-format']);

/** What SHIM itself says, where the user has not said it. */
const streamFlags = ['--output-format', 'stream-json', '--verbose'];

/** The user's own arguments of Claude Code, taken apart. */
export interface ClaudeArguments {
  prompt: string;
  /** All others; kept at every start. */
  flags: string[];
  conversationId: string | null;
  /** The conversation is one to go on with, not a new one. */
  isResume: boolean;
}

export function isConversationId(text: string): boolean {
  return conversationIdPattern.test(text);
}

/** @throws HostError Misconfigured for what cannot be supervised, with what to do instead. */
export function readClaudeArguments(argv: readonly string[]): ClaudeArguments {
  const flags: string[] = [];
  let prompt: string | null = null;
  let conversationId: string | null = null;
  let isResume = false;
  for (let at = 0; at < argv.length; at += 1) {
    const argument = argv[at] ?? '';
    const [flag, inlineValue] = splitFlag(argument);
    const value = () => inlineValue ?? argv[(at += 1)] ?? '';
    if (notHeadless.has(flag)) throw misconfigured(`claude-code: SHIM runs it headless with -p "prompt"; leave ${flag} out`);
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
        if (format !== 'stream-json') throw misconfigured(`claude-code: SHIM reads --output-format stream-json, not ${JSON.stringify(format.slice(0, 60))}; leave the flag out`);
        break;
      }
      default:
        flags.push(argument);
    }
  }
  if (prompt === null || prompt === '' || prompt.startsWith('-')) throw misconfigured('claude-code runs headless: give the prompt right after -p, as in: shim run --agent claude-code -- -p "do it"');
  if (conversationId !== null && !isConversationId(conversationId)) throw misconfigured(`claude-code: ${JSON.stringify(conversationId.slice(0, 60))} is no conversation id (a UUID)`);
  return { prompt, flags, conversationId, isResume };
}

export function missingStreamFlags(flags: readonly string[]): string[] {
  return streamFlags.filter((flag) => flag !== '--verbose' || !flags.includes(flag));
}

function splitFlag(argument: string): [string, string | undefined] {
  const equals = argument.indexOf('=');
  return argument.startsWith('--') && equals > 0 ? [argument.slice(0, equals), argument.slice(equals + 1)] : [argument, undefined];
}
