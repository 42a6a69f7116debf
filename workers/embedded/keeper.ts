import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bearsMarker, isDead, readProcess } from '../../host/process/process-table.js';

/** The processes that make up SHIM on one machine, in the order of their start. */
export const serviceNames = ['temporal', 'control-worker', 'host-worker'] as const;
export type ServiceName = (typeof serviceNames)[number];

/**
 * Keeps one service alive: starts it again when it dies, after 0.2 s that double up to 10 s while it lives for less than
 * 5 s each time. TERM ends the service, then the keeper. A keeper that finds its service alive (its predecessor was
 * killed) watches it instead of starting a second one.
 *
 * Arguments: name, run folder, log file, pid of the living service or nothing, the command.
 */
const keeperScript = `
name=$1 run=$2 log=$3 child=$4
shift 4
stopping=
trap 'stopping=1; [ -n "$child" ] && kill -TERM "$child" 2>/dev/null' TERM INT
trap : HUP
printf '%s\\n' "$$" > "$run/$name.keeper.pid"
restarts=0 delay=1
alive() { kill -0 "$child" 2>/dev/null; }
while [ -n "$child" ] && alive; do sleep 0.2; done
while [ -z "$stopping" ]; do
  printf '%s\\n' "$restarts" > "$run/$name.restarts"
  if [ -f "$log" ] && [ "$(wc -c < "$log")" -gt 10000000 ]; then mv -f "$log" "$log.1"; fi
  began=$(date +%s)
  "$@" >> "$log" 2>&1 < /dev/null &
  child=$!
  printf '%s\\n' "$child" > "$run/$name.pid"
  wait "$child"
  while alive; do wait "$child"; done
  child=
  restarts=$((restarts + 1))
  if [ $(($(date +%s) - began)) -ge 5 ]; then delay=1; fi
  pause=$((delay * 2))
  n=0
  while [ -z "$stopping" ] && [ $n -lt $delay ]; do sleep 0.2; n=$((n + 1)); done
  if [ $pause -le 50 ]; then delay=$pause; else delay=50; fi
done
rm -f "$run/$name.pid" "$run/$name.keeper.pid"
`;

/** What is running of one service. */
export interface KeptService {
  name: ServiceName;
  /** Null where it is not alive. */
  pid: number | null;
  keeperPid: number | null;
  /** How often its keeper has started it again. */
  restarts: number;
  logFile: string;
}

export function readService(home: string, name: ServiceName): KeptService {
  const run = join(home, 'run');
  return {
    name,
    pid: livePid(join(run, `${name}.pid`), serviceMarker(home, name)),
    keeperPid: livePid(join(run, `${name}.keeper.pid`), serviceMarker(home, name)),
    restarts: readNumber(join(run, `${name}.restarts`)) ?? 0,
    logFile: join(home, 'log', `${name}.log`),
  };
}

/** Starts a keeper, detached from this process. @param alivePid the service, where it lives without one. */
export function startKeeper(home: string, name: ServiceName, command: readonly string[], environment: NodeJS.ProcessEnv, alivePid: number | null): void {
  const [variable, value] = serviceMarker(home, name).split(/=(.*)/s);
  const { logFile } = readService(home, name);
  const keeper = spawn('/bin/sh', ['-c', keeperScript, 'shim-keeper', name, join(home, 'run'), logFile, alivePid === null ? '' : String(alivePid), ...command], {
    cwd: home,
    env: { ...environment, SHIM_HOME: home, [variable ?? '']: value },
    detached: true,
    stdio: 'ignore',
  });
  keeper.unref();
}

/** In the environment of a service and its keeper: a pid file alone may name another process by now. */
function serviceMarker(home: string, name: ServiceName): string {
  return `SHIM_SERVICE=${name}@${home}`;
}

function livePid(file: string, marker: string): number | null {
  const pid = readNumber(file);
  if (pid === null || pid <= 1) return null;
  const info = readProcess(pid);
  return info && !isDead(info) && bearsMarker(pid, marker) ? pid : null;
}

function readNumber(file: string): number | null {
  try {
    const value = Number(readFileSync(file, 'utf8').trim());
    return Number.isInteger(value) ? value : null;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}
