import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../support/project-root.js';

/** The pages that people write, relative to the project: docs/cli.md is made from the program itself. */
export const pages: readonly string[] = [
  'README.md',
  ...readdirSync(join(projectRoot(), 'docs'))
    .filter((file) => file.endsWith('.md') && file !== 'cli.md')
    .map((file) => `docs/${file}`),
];

export function pageText(page: string): string {
  return readFileSync(join(projectRoot(), page), 'utf8');
}
