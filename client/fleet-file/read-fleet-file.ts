import { readFileSync, statSync } from 'node:fs';
import { isMap, isPair, isScalar, LineCounter, parseDocument, type Document, type Node } from 'yaml';
import type { z } from 'zod';
import { oneLine } from '../cli/format.js';
import { BadInputError } from '../errors.js';
import { fleetFileSchema, type FleetFile } from './schema.js';

/** No fleet needs more; a file that does is something else, bytes. */
const largestFile = 256_000;
const deepest = 32;
/** Aliases may stand for this many nodes in all. */
const mostAliased = 1_000;
/** Of what is wrong besides the first. */
const placesShown = 10;

/** A fleet's file that has been read, and where in it things stand. */
export interface ReadFile {
  file: FleetFile;
  /** @returns an error that names file, line and column of what lies at a path, or of the nearest thing around it. */
  errorAt: (path: readonly PropertyKey[], message: string) => BadInputError;
}

/** Reads and checks a fleet's file. @param shown how the file is named in errors. @throws BadInputError, one line with file, line and column. */
export function readFleetFile(path: string, shown = path): ReadFile {
  return parseFleetFile(readText(path, shown), shown);
}

/** @throws BadInputError, one line with file, line and column. */
export function parseFleetFile(source: string, shown: string): ReadFile {
  if (Buffer.byteLength(source) > largestFile) throw new BadInputError(`${shown}: it has more than ${largestFile} bytes; that is no fleet`);
  checkDepth(source, shown);
  const lines = new LineCounter();
  const document = parseDocument(source, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  const at = (offset: number, message: string) => {
    const { line, col } = lines.linePos(offset);
    return new BadInputError(`${shown}:${Math.max(1, line)}:${Math.max(1, col)}: ${oneLine(message, 500)}`);
  };
  const [broken] = document.errors;
  if (broken) throw at(broken.pos[0], broken.message);
  const errorAt = (where: readonly PropertyKey[], message: string) => at(offsetOf(document, where), message);
  const parsed = fleetFileSchema.safeParse(toValue(document, (message) => at(0, message)));
  if (parsed.success) return { file: parsed.data, errorAt };
  const [first = { offset: 0, message: 'not a fleet' }, ...others] = parsed.error.issues.map((issue) => findingOf(issue, document)).toSorted((a, b) => a.offset - b.offset);
  throw at(first.offset, `${first.message}${others.length === 0 ? '' : `; ${others.length} more, at ${placesOf(others, lines)}`}`);
}

/** What is wrong, and where in the file. */
interface Finding {
  offset: number;
  message: string;
}

/** Where to look besides: whoever mends one after another would start again each time. */
function placesOf(findings: readonly Finding[], lines: LineCounter): string {
  const places = findings.slice(0, placesShown).map(({ offset }) => {
    const { line, col } = lines.linePos(offset);
    return `${Math.max(1, line)}:${Math.max(1, col)}`;
  });
  return `${places.join(', ')}${findings.length > placesShown ? ', …' : ''}`;
}

function readText(path: string, shown: string): string {
  try {
    if ((statSync(path).size ?? 0) > largestFile) throw new BadInputError(`${shown}: it has more than ${largestFile} bytes; that is no fleet`);
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
    throw new BadInputError(error.code === 'ENOENT' ? `${shown}: there is no such file; write one as in examples/team/shim.yaml` : `${shown}: it cannot be read (${String(error.code)})`);
  }
}

/** Brackets within brackets without end would fill the parser's stack. */
function checkDepth(source: string, shown: string): void {
  let depth = 0;
  for (const character of source) {
    if (character === '[' || character === '{') depth += 1;
    else if (character === ']' || character === '}') depth -= 1;
    if (depth > deepest) throw new BadInputError(`${shown}: brackets lie more than ${deepest} deep; that is no fleet`);
  }
  const indents = new Set(source.split('\n').map((line) => /^ */.exec(line)?.[0].length ?? 0));
  const compact = source.split('\n').some((line) => (/^\s*(?:[-?:]\s+)+/.exec(line)?.[0].match(/[-?:]/g)?.length ?? 0) > deepest);
  if (indents.size > deepest || compact) throw new BadInputError(`${shown}: it is nested more than ${deepest} deep; that is no fleet`);
}

function toValue(document: Document, fail: (message: string) => BadInputError): unknown {
  try {
    return document.toJS({ maxAliasCount: mostAliased });
  } catch (error) {
    throw error instanceof Error ? fail(`its aliases cannot be resolved: ${error.message}`) : error;
  }
}

function findingOf(issue: z.core.$ZodIssue, document: Document): Finding {
  const where = issue.path.map(String).join('.');
  switch (issue.code) {
    case 'unrecognized_keys': {
      const [key = ''] = issue.keys;
      return { offset: keyOffset(document, issue.path, key), message: `there is no ${JSON.stringify(key.slice(0, 60))} ${where === '' ? 'here' : `in ${where}`}; see deploy/shim.schema.json for what there is` };
    }
    case 'invalid_key': {
      const key = String(issue.path.at(-1) ?? '');
      return { offset: keyOffset(document, issue.path.slice(0, -1), key), message: `${JSON.stringify(key.slice(0, 80))}: ${issue.issues[0]?.message ?? issue.message}` };
    }
    default:
      if (issue.code === 'invalid_type' && issue.path.length === 1 && !hasNode(document, issue.path)) return { offset: 0, message: `${where} is missing` };
      if (where === '') return { offset: offsetOf(document, []), message: 'it does not describe a fleet; write one as in examples/team/shim.yaml' };
      return { offset: offsetOf(document, issue.path), message: `${where}: ${issue.message}` };
  }
}

function hasNode(document: Document, path: readonly PropertyKey[]): boolean {
  return document.hasIn(path);
}

/** Where the node at a path begins, or the nearest one around it. */
function offsetOf(document: Document, path: readonly PropertyKey[]): number {
  for (let length = path.length; length > 0; length -= 1) {
    const node = document.getIn(path.slice(0, length), true) as Node | undefined;
    if (node?.range) return node.range[0];
  }
  return document.contents?.range?.[0] ?? 0;
}

/** Where a key stands in the mapping at a path. */
function keyOffset(document: Document, path: readonly PropertyKey[], key: string): number {
  const map = path.length === 0 ? document.contents : document.getIn(path, true);
  const pair = isMap(map) ? map.items.find((item) => isPair(item) && isScalar(item.key) && String(item.key.value) === key) : undefined;
  return (isScalar(pair?.key) ? pair.key.range?.[0] : undefined) ?? offsetOf(document, path);
}
