import { expect, it } from 'vitest';
import { defaultName } from '../../client/session-name.js';
import { sessionNameSchema } from '../../domain/session.js';

it.each([['/srv/main', 1, 'main'], ['/srv/main', 3, 'main-3'], ['/srv/My App (2)', 1, 'My-App-2'], ['/', 1, 'session'], ['/x/...', 2, 'session-2'], ['/x/日本', 1, 'session'], [`/x/${'a'.repeat(200)}`, 12, `${'a'.repeat(50)}-12`]])('makes of the folder %s choice %d: %s', (folder, n, name) => {
  expect(defaultName(folder, n)).toBe(name);
  expect(sessionNameSchema.safeParse(name).success).toBe(true);
});
