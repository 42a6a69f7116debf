import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { fleetSchemaText } from './schema-text.js';

/** Writes deploy/shim.schema.json anew: `npm run schema`. A test fails where it is not what the code says. */
writeFileSync(fileURLToPath(new URL('../../../deploy/shim.schema.json', import.meta.url)), fleetSchemaText());
