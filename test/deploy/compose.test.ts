import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

const root = fileURLToPath(new URL('../..', import.meta.url));
const hasCompose = spawnSync('docker-compose', ['--version']).status === 0;

function config(environment: NodeJS.ProcessEnv) {
  return spawnSync('docker-compose', ['-f', 'docker-compose.temporal.yaml', '--profile', 'analytics', 'config'], { cwd: root, env: { ...process.env, ...environment }, encoding: 'utf8' });
}

interface Service {
  image?: string;
  restart: string;
  command?: string[];
  logging?: { options: Record<string, string> };
  healthcheck?: { test: string[] };
}

describe('the production compose file', () => {
  const { services } = parse(readFileSync(`${root}/docker-compose.temporal.yaml`, 'utf8')) as { services: Record<string, Service> };

  it('asks everything that goes on for its health', () => {
    expect(Object.entries(services).filter(([, { restart, healthcheck }]) => restart !== 'no' && healthcheck === undefined)).toEqual([]);
  });

  it('bounds every log', () => {
    expect(Object.entries(services).filter(([, { logging }]) => logging?.options['max-size'] === undefined || logging.options['max-file'] === undefined)).toEqual([]);
  });

  it('has Prometheus keep what its dashboards and rules look back at', () => {
    const files = [...['fleet', 'kaizen', 'session', 'temporal'].map((name) => `grafana/dashboards/${name}.json`), 'prometheus/recording-rules.yml', 'prometheus/alert-rules.yml'];
    const days = files.flatMap((file) => [...readFileSync(`${root}/deploy/${file}`, 'utf8').matchAll(/\[(\d+)d\]/g)].map(([, n]) => Number(n)));
    expect(days.length).toBeGreaterThan(0);
    const kept = /^--storage\.tsdb\.retention\.time=(\d+)d$/;
    expect(Math.max(...(services['prometheus']?.command ?? []).flatMap((argument) => Number(kept.exec(argument)?.[1] ?? 0)))).toBeGreaterThan(Math.max(...days));
  });

  it('pins what it runs to a version', () => {
    const images = Object.values(services).flatMap(({ image }) => image ?? []);
    expect(images.filter((image) => !/:v?\d+\.\d+(\.\d+)?$/.test(image))).toEqual([]);
  });

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

describe("the workers' image", () => {
  const dockerfile = readFileSync(`${root}/Dockerfile`, 'utf8');

  it('is built from all that the build reads', () => {
    const { stdout } = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '--listFilesOnly', '-p', 'tsconfig.build.json'], { cwd: root, encoding: 'utf8' });
    const sources = stdout.split('\n').filter((file) => file.startsWith(root) && !file.includes('/node_modules/')).map((file) => file.slice(root.length));
    expect(sources.length).toBeGreaterThan(300);
    const excluded = readFileSync(`${root}/.dockerignore`, 'utf8').split('\n').filter((line) => line !== '');
    // Plain names of the top, so that this reads them as Docker does.
    expect(excluded.filter((line) => !/^[\w.-]+$/.test(line))).toEqual([]);
    expect(sources.filter((file) => excluded.includes(file.split('/')[0] ?? ''))).toEqual([]);
  });

  it('copies and runs what there is', () => {
    for (const [, files = ''] of dockerfile.matchAll(/^COPY (?!--from)(.*) \S+$/gm)) for (const file of files.split(' ')) expect(existsSync(`${root}/${file}`), file).toBe(true);
    const program = /"dist\/(workers\/[\w-]+)\.js"\]$/m.exec(dockerfile)?.[1];
    expect(existsSync(`${root}/${program}.ts`)).toBe(true);
  });

  it('pins its base to a version, and does not run as root', () => {
    const bases = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, base]) => base);
    expect(bases.length).toBeGreaterThan(0);
    for (const base of bases) expect(base).toMatch(/^node:\d+\.\d+\.\d+-bookworm-slim$/);
    expect(dockerfile).toMatch(/^USER node$/m);
  });
});
