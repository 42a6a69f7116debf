import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cliReference } from './reference.js';

writeFileSync(join('docs', 'cli.md'), await cliReference());
console.log('docs/cli.md');
