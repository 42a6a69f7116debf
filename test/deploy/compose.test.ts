import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const hasCompose = spawnSync('docker-compose', ['--version']).status === 0;

function config(environment: NodeJS.ProcessEnv) {
  return spawnSync('docker-compose', ['-f', 'docker-compose.temporal.yaml', '--profile', 'analytics', 'config'], { cwd: root, env: { ...process.env, ...environment }, encoding: 'utf8' });
}

describe('the production compose file', () => {
  it.skipIf(!hasCompose)('is valid', () => {
    const { status, stderr, stdout } = config({ TEMPORAL_DB_PASSWORD: 'chosen', SHIM_DB_PASSWORD: 'chosen too', SHIM_HOME: '/home/somebody/.shim' });
    expect(stderr).not.toMatch(/error|unsupported/i);
    expect(status).toBe(0);
    expect(stdout).toContain('temporalio/server:1.32.0');
  });

  it.skipIf(!hasCompose)('refuses to start without a password', () => {
    const { status, stderr } = config({ TEMPORAL_DB_PASSWORD: '', SHIM_DB_PASSWORD: 'chosen', SHIM_HOME: '/home/somebody/.shim' });
    expect(status).not.toBe(0);
    expect(stderr).toContain('set it in .env');
  });

  it('publishes on the loopback interface alone', () => {
    const ports = [...readFileSync(`${root}/docker-compose.temporal.yaml`, 'utf8').matchAll(/^\s+- "([^"]*:\d+)"$/gm)].map(([, port]) => port);
    expect(ports.length).toBeGreaterThan(0);
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/);
  });

  it('mounts files that are there', () => {
    const files = [...readFileSync(`${root}/docker-compose.temporal.yaml`, 'utf8').matchAll(/^\s+- \.\/(\S+?):\//gm)].map(([, file]) => file);
    expect(files.length).toBeGreaterThan(0);
    for (const file of files) expect(existsSync(`${root}/${file}`)).toBe(true);
  });
});
