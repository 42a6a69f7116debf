import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fleetSchemaText } from '../../scripts/fleet-schema/schema-text.js';
import { projectRoot } from '../support/project-root.js';

describe('deploy/shim.schema.json', () => {
  it('says what the code takes; where it does not, write it anew: npm run schema', () => {
    expect(readFileSync(join(projectRoot(), 'deploy', 'shim.schema.json'), 'utf8')).toBe(fleetSchemaText());
  });
});
