import { sessionNameSchema } from '../../domain/session.js';
import { BadInputError } from '../errors.js';

/** @returns the name. @throws BadInputError if it is no session's name: it becomes a folder and a workflow id. */
export function checkName(name: string): string {
  const parsed = sessionNameSchema.safeParse(name);
  if (!parsed.success) throw new BadInputError(`${JSON.stringify(name.slice(0, 80))}: ${parsed.error.issues[0]?.message ?? 'not a session name'}`);
  return parsed.data;
}

/** @returns the id. @throws BadInputError if it is no checkpoint's: it becomes a folder. */
export function checkCheckpointId(name: string, id: string): string {
  if (/^ck-\d{4,}$/.test(id)) return id;
  throw new BadInputError(`${JSON.stringify(id.slice(0, 60))} is no checkpoint, as ck-0007; see: shim checkpoints ${name}`);
}
