import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { asArray, asName, asObject, asText, summaryOf, type JsonObject } from './json-line.js';
import type { TranscriptRules } from './trimmed-copy.js';
import { noCalls, type CallsInEntry } from './unannounced-calls.js';

/** Projects looked through for a conversation that is not where it should be. */
const projectsLookedThrough = 2_000;

/** Whether an entry of Claude Code's transcript is a message of the conversation: its own note of an error of its API is never sent. */
export function isClaudeMessage(entry: JsonObject): boolean {
  return (entry['type'] === 'user' || entry['type'] === 'assistant') && entry['isApiErrorMessage'] !== true;
}

/** The words of a prompt: what the agent itself puts in, and answers of tools, are none. */
export function claudePromptIn(entry: JsonObject): string | null {
  if (entry['type'] !== 'user' || entry['isMeta'] === true || entry['isSidechain'] === true) return null;
  const content = asObject(entry['message'])?.['content'];
  const said = asText(content);
  if (said !== undefined) return said;
  const blocks = asArray(content).map(asObject);
  if (blocks.some((block) => block?.['type'] === 'tool_result')) return null;
  return blocks.map((block) => asText(block?.['text']) ?? '').join('\n');
}

/** What an entry says of tool calls. */
export function claudeCallsIn(entry: JsonObject): CallsInEntry {
  if (!isClaudeMessage(entry)) return noCalls;
  const blocks = asArray(asObject(entry['message'])?.['content']).map(asObject);
  const ofType = (type: string) => blocks.filter((block) => block?.['type'] === type);
  return {
    begun: ofType('tool_use').map((block) => ({ callId: asName(block?.['id']) ?? '', tool: asName(block?.['name']) ?? 'unknown', summary: summaryOf(block?.['input'] ?? {}) })),
    answered: ofType('tool_result').map((block) => asName(block?.['tool_use_id']) ?? ''),
  };
}

/** How Claude Code's transcript is cut. @param conversationId of the copy. */
export function claudeTranscriptRules(conversationId: string): TranscriptRules {
  return {
    isMessage: isClaudeMessage,
    toolIds: (entry) => {
      const blocks = asArray(asObject(entry['message'])?.['content']).map(asObject);
      const idsOf = (type: string, field: string) => blocks.filter((block) => block?.['type'] === type).map((block) => asText(block?.[field]) ?? '');
      return isClaudeMessage(entry) ? { calls: idsOf('tool_use', 'id'), results: idsOf('tool_result', 'tool_use_id') } : { calls: [], results: [] };
    },
    dropsUnansweredCalls: true,
    isFrame: () => false,
    rename: (entry) => {
      if ('sessionId' in entry) entry['sessionId'] = conversationId;
    },
  };
}

/**
 * Where Claude Code keeps a conversation: in a folder named after the working folder, each character but letters and
 * digits a `-`. A name that is too long it shortens in its own way: there the conversation is looked for by its id.
 *
 * @returns null where there is none yet.
 */
export function findClaudeTranscript(configFolder: string, cwd: string, conversationId: string): string | null {
  const projects = join(configFolder, 'projects');
  const expected = claudeTranscriptIn(projects, cwd, conversationId);
  if (existsSync(expected)) return expected;
  const elsewhere = namesIn(projects)
    .slice(0, projectsLookedThrough)
    .map((project) => join(projects, project, `${conversationId}.jsonl`));
  return elsewhere.find((path) => existsSync(path)) ?? null;
}

/** Where Claude Code looks for a conversation, unless the folder's name is too long for it. @param projects the folder that has one for each working folder. */
export function claudeTranscriptIn(projects: string, cwd: string, conversationId: string): string {
  return join(projects, realPath(cwd).replace(/[^A-Za-z0-9]/g, '-'), `${conversationId}.jsonl`);
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error) return path;
    throw error;
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return [];
    throw error;
  }
}
