/** A conversation as an agent sent it to its API, told in the same way for both vendors. */
export interface Conversation {
  turns: Turn[];
  /** The name of the tool that runs shell commands; null where the agent offers none. */
  shellTool: string | null;
}

export type Turn =
  | { kind: 'user'; text: string }
  | { kind: 'assistant'; text: string }
  | { kind: 'tool_call'; callId: string; input: string }
  | { kind: 'tool_result'; callId: string; output: string };

/** The turns of one kind. */
export function turnsOf<K extends Turn['kind']>(conversation: Conversation, kind: K): Extract<Turn, { kind: K }>[] {
  return conversation.turns.filter((turn): turn is Extract<Turn, { kind: K }> => turn.kind === kind);
}

/** Everything that was said in a conversation, for a search. */
export function wordsOf(conversation: Conversation): string {
  return conversation.turns.map((turn) => ('text' in turn ? turn.text : 'input' in turn ? turn.input : turn.output)).join('\n');
}

export type Json = Record<string, unknown>;

export function asJson(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};
}

export function asList(value: unknown): Json[] {
  return Array.isArray(value) ? value.map(asJson) : [];
}

/** The text of a string, of a text block, or of a list of them. */
export function plainText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.map(plainText).join('\n');
  const text = asJson(value)['text'];
  return typeof text === 'string' ? text : '';
}
