import { fleetFileJsonSchema } from '../../client/fleet-file/schema.js';

/** What deploy/shim.schema.json holds. */
export function fleetSchemaText(): string {
  return `${JSON.stringify(fleetFileJsonSchema(), null, 2)}\n`;
}
