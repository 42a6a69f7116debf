import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const cache = join(process.env['SHIM_CACHE'] ?? join(homedir(), '.cache', 'shim'), 'bench');

/** Runs a benchmark against PM2; null where it cannot be installed. */
export async function withPm2(agent: string, folder: string, measure: (marks: string) => Promise<number[]>): Promise<number[] | null> {
  const pm2 = join(cache, 'pm2', 'node_modules', 'pm2', 'bin', 'pm2');
  if (!existsSync(pm2) && spawnSync('npm', ['install', '--prefix', join(cache, 'pm2'), '--ignore-scripts', '--no-audit', '--no-fund', 'pm2@6'], { stdio: 'ignore' }).status !== 0) return null;
  const marks = join(folder, 'marks-pm2');
  mkdirSync(marks);
  const env = { ...process.env, PM2_HOME: join(folder, 'pm2'), BENCH_MARKS: marks };
  const run = (...args: string[]) => spawnSync(process.execPath, [pm2, ...args], { env, stdio: 'ignore' });
  const samples = measure(marks);
  try {
    run('start', agent, '--name', 'bench', '--interpreter', 'sh', '--max-restarts', '100000');
    return await samples;
  } finally {
    run('kill');
  }
}

/** A Python that has GrowthBook's statistics; null where it cannot be installed. */
export function growthbookPython(): string | null {
  const venv = join(cache, 'gbstats');
  const python = join(venv, 'bin', 'python');
  if (existsSync(join(venv, 'ready'))) return python;
  if (spawnSync('python3', ['-m', 'venv', venv], { stdio: 'ignore' }).status !== 0) return null;
  if (spawnSync(join(venv, 'bin', 'pip'), ['install', '--quiet', 'gbstats==0.8.0'], { stdio: 'ignore' }).status !== 0) return null;
  writeFileSync(join(venv, 'ready'), '');
  return python;
}

/** Runs a benchmark against supervisord; null where it cannot be installed. */
export async function withSupervisord(agent: string, folder: string, measure: (marks: string) => Promise<number[]>): Promise<number[] | null> {
  const venv = join(cache, 'supervisor');
  const supervisord = join(venv, 'bin', 'supervisord');
  if (!existsSync(supervisord)) {
    if (spawnSync('python3', ['-m', 'venv', venv], { stdio: 'ignore' }).status !== 0) return null;
    if (spawnSync(join(venv, 'bin', 'pip'), ['install', '--quiet', 'supervisor', 'setuptools<81'], { stdio: 'ignore' }).status !== 0) return null;
  }
  const marks = join(folder, 'marks-supervisord');
  mkdirSync(marks);
  const configuration = join(folder, 'supervisord.conf');
  const pidFile = join(folder, 'supervisord.pid');
  writeFileSync(configuration, `[supervisord]\nnodaemon=true\npidfile=${pidFile}\nlogfile=${join(folder, 'supervisord.log')}\n[program:bench]\ncommand=/bin/sh ${agent}\nenvironment=BENCH_MARKS="${marks}"\nstartsecs=0\nautorestart=true\n`);
  const samples = measure(marks);
  const daemon: ChildProcess = spawn(supervisord, ['-c', configuration], { stdio: 'ignore' });
  try {
    return await samples;
  } finally {
    const exited = once(daemon, 'exit');
    daemon.kill('SIGTERM');
    await exited;
  }
}
