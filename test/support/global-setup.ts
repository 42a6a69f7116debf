import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Builds once before all tests: the integration tests run the real programs. */
export default function setup(): void {
  execFileSync(process.execPath, [fileURLToPath(new URL('../../scripts/ensure.mjs', import.meta.url)), 'temporal', 'test-server'], { stdio: 'inherit' });
}
