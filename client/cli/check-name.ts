import { sessionNameSchema } from '../../domain/session.js';
import { BadInputError } from '../errors.js';

/** @returns the name. @throws BadInputError if it is no session's name: it becomes a folder and a workflow id. */
export function checkName(name: string): string {
  const parsed = sessionNameSchema.safeParse(name);
  if (!parsed.success) throw new BadInputError(`${JSON.stringify(name.slice(0, 80))}: ${parsed.error.issues[0]?.message ?? 'not a session name'}`);
  return parsed.data;
}
