import { readFileSync, writeFileSync } from 'node:fs';
import { parseObject, type JsonObject } from './json-line.js';

/**
 * Copies a transcript without the lines that do not parse; the original stays as it is.
 *
 * @param changes fields to replace in every entry that has them, as the conversation's id.
 * @param change done to every entry, for what lies deeper.
 * @returns the number of messages in the copy.
 */
export function copyTrimmed(from: string, to: string, isMessage: (entry: JsonObject) => boolean, changes: Readonly<Record<string, string>>, change?: (entry: JsonObject) => void): number {
  let messages = 0;
  const kept: string[] = [];
  for (const line of readFileSync(from, 'utf8').split('\n')) {
    const entry = parseObject(line);
    if (!entry) continue;
    if (isMessage(entry)) messages += 1;
    for (const [field, value] of Object.entries(changes)) if (field in entry) entry[field] = value;
    change?.(entry);
    kept.push(JSON.stringify(entry));
  }
  writeFileSync(to, `${kept.join('\n')}\n`, { mode: 0o600 });
  return messages;
}
