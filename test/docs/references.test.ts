import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createProgram } from '../../client/cli/main.js';
import { processContext } from '../../client/cli/context.js';
import { projectRoot } from '../support/project-root.js';
import { pages, pageText } from './pages.js';

const program = await createProgram(processContext({ SHIM_HOME: '/nowhere' }));
const { scripts } = JSON.parse(readFileSync(join(projectRoot(), 'package.json'), 'utf8')) as { scripts: Record<string, string> };
const folders = ['activities', 'analytics', 'bench', 'client', 'deploy', 'docs', 'domain', 'examples', 'host', 'scripts', 'test', 'workers', 'workflows'];

/** What stands between backticks, blocks left out; a line may end within. */
function codeIn(page: string): string[] {
  const prose = pageText(page).replace(/^```.*?^```/gms, '');
  return [...prose.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code.replace(/\s+/g, ' ').replaceAll('\\|', '|'));
}

/** A heading's name in links, as GitHub makes it. */
function anchorOf(heading: string): string {
  return heading.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, '').trim().replace(/\s/g, '-');
}

/** A command line of which some words stand for others (NAME, […], …): its command and options are looked at. */
function problemWith(line: string): string | null {
  const [name = '', ...words] = line.split(' -- ')[0]?.split(' ') ?? [];
  if (/^[A-Z[<]/.test(name)) return null;
  if (name === 'complete') return null;
  const command = program.commands.find((each) => each.name() === name);
  if (!command) return `there is no command ${name}`;
  const known = [command, ...command.commands.filter((sub) => words.includes(sub.name()))].flatMap(({ options }) => options.flatMap(({ long, short }) => [long, short]));
  const unknown = words.map((word) => word.replace(/^\[|[\],]+$/g, '')).find((word) => /^--?[a-z]/.test(word) && word !== '--help' && !known.includes(word));
  return unknown === undefined ? null : `${name} has no option ${unknown}`;
}

describe.each(pages)('%s', (page) => {
  it('names commands of shim, and options, that there are', () => {
    const lines = codeIn(page).flatMap((code) => /^(?:npx )?shim (.+)$/.exec(code)?.[1] ?? []);
    expect(lines.flatMap((line) => problemWith(line) ?? [])).toEqual([]);
  });

  it('names npm scripts that there are', () => {
    const names = codeIn(page).flatMap((code) => /^npm run (?:--silent )?(\S+)/.exec(code)?.[1] ?? []);
    expect(names.filter((name) => !(name in scripts))).toEqual([]);
  });

  it('names files and folders that there are', () => {
    const paths = codeIn(page).filter((code) => folders.includes(code.split('/')[0] ?? '') && /^[\w./-]+\/(?:[\w.-]+\.\w+)?$/.test(code) && !code.endsWith('.test.ts'));
    expect(paths.filter((path) => !existsSync(join(projectRoot(), path)))).toEqual([]);
  });

  it('links to what there is', () => {
    const links = [...pageText(page).matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)/g)].map(([, path = '', anchor]) => ({ path: path === '' ? page : join(dirname(page), path), anchor }));
    const broken = links.filter(({ path, anchor }) => {
      if (!existsSync(join(projectRoot(), path))) return true;
      return anchor !== undefined && ![...pageText(path).matchAll(/^#+ (.+)$/gm)].some(([, heading = '']) => anchorOf(heading) === anchor);
    });
    expect(broken).toEqual([]);
  });
});

describe('environment variables that the docs name', () => {
  const inFolders = folders
    .filter((folder) => folder !== 'docs' && folder !== 'test')
    .flatMap((folder) => readdirSync(join(projectRoot(), folder), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile() && /\.(ts|mjs|sh|yaml)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
  const files = [...inFolders, ...['docker-compose.temporal.yaml', '.env.example', 'Dockerfile'].map((file) => join(projectRoot(), file))];
  const sources = files.map((file) => readFileSync(file, 'utf8')).join('\n');

  it.each(pages)('are read by somebody: %s', (page) => {
    const names = new Set(pageText(page).match(/\bSHIM_[A-Z_]*[A-Z]\b/g));
    expect([...names].filter((name) => !sources.includes(name))).toEqual([]);
  });
});
