import { shellWord } from '../shell-word.js';

/** What a held command reads: nothing, or the FIFO `stdin` in the attempt's folder, which never ends. */
export type HeldInput = 'null' | 'fifo';

/** What a parked holder is told to run. */
export interface HeldCommand {
  /** The attempt's folder. */
  path: string;
  argv: readonly string[];
  /** On top of what the holder was parked with. */
  environment: Readonly<Record<string, string>>;
  input: HeldInput;
}

/**
 * The holder: a POSIX shell that is the parent of one attempt and outlives the worker. It reads its script from its input,
 * so that an upgrade never changes one under a running shell, and that it can be started before its command is known.
 *
 * First it traps signals, with `:` and never with '': an ignored signal would be inherited by the agent. Then it enters the
 * attempt's cgroup, which can take as long as all the rest, and waits. Where the worker ends, its input does, and so does it.
 *
 * @param cgroup the folder of the cgroup to enter.
 */
export function parkingScript(cgroup: string | null): string {
  const entry = cgroup === null ? '' : `printf '%s\\n' "$$" > ${shellWord(`${cgroup}/cgroup.procs`)}\n`;
  return `trap : TERM HUP INT QUIT\n${entry}`;
}

/**
 * The word to a parked holder.
 *
 * - It is one compound command: a shell runs none of it before it has read its end, so that a worker that dies while it
 *   writes starts nothing.
 * - Its variables have a prefix: assigning to a name that is in the agent's environment would change it there.
 * - What it writes itself is for its owner alone; the command has the umask of the worker, which is the user's.
 * - It adds its pid to a list: of two holders on one attempt, the one that loses must not hide the other.
 * - The claim is its last act before the command: whoever makes the file `go` first decides whether the command ever
 *   runs. `set -C` opens it with O_EXCL; mkdir would be as safe, but is a program of its own and costs 2 ms.
 * - The command runs in the foreground, so that the shell itself writes "Killed" and the like into holder.log for real
 *   signals: an exit code of 128+n alone is ambiguous. The subshell takes the redirections, so that those words do not
 *   follow them into the agent's stderr. Opened for reading and writing, a FIFO never ends.
 *
 * @throws RangeError where a variable's name is none.
 */
export function launchScript({ path, argv, environment, input }: HeldCommand): string {
  const variables = Object.entries(environment).map(([name, value]) => {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) throw new RangeError(`${JSON.stringify(name)} is no name of a variable`);
    return `export ${name}=${shellWord(value)}\n`;
  });
  const stdin = input === 'fifo' ? `${path}/stdin` : '/dev/null';
  const makeFifo = input === 'fifo' ? `[ -p "$_shim_stdin" ] || command -p mkfifo -m 600 "$_shim_stdin"\n` : '';
  return `{
umask 077
_shim_dir=${shellWord(path)} _shim_stdin=${shellWord(stdin)}
exec >> "$_shim_dir/holder.log" 2>&1
printf '%s\\n' "$$" >> "$_shim_dir/holder.pid"
${makeFifo}set -C
printf '%s\\n' "$$" > "$_shim_dir/go" || exit 75
set +C
${variables.join('')}set -- ${argv.map(shellWord).join(' ')}
( umask ${process.umask().toString(8)}; exec "$@" <> "$_shim_stdin" >> "$_shim_dir/stdout" 2>> "$_shim_dir/stderr" )
_shim_code=$?
printf '%s\\n' "$_shim_code" > "$_shim_dir/exit"
exit 0
}
`;
}
