/**
 * The holder: a POSIX shell that is the parent of one attempt and outlives the worker. It is given to `sh -c` as text, so
 * that an upgrade never changes a script under a running shell.
 *
 * Arguments: the attempt's folder, the cgroup to enter (empty for none), what the command reads (`/dev/null`, or a FIFO to
 * make), then the command.
 *
 * - Its variables have a prefix: assigning to a name that is in the agent's environment would change it there.
 * - It traps signals with `:` and never with '': an ignored signal would be inherited by the agent.
 * - It adds its pid to a list: of two holders on one attempt, the one that loses must not hide the other.
 * - The claim is its last act before the command: whoever makes the file `go` first decides whether the command ever
 *   runs. `set -C` opens it with O_EXCL; mkdir would be as safe, but is a program of its own and costs 2 ms.
 * - The command runs in the foreground, so that the shell itself writes "Killed" and the like into holder.log for real
 *   signals: an exit code of 128+n alone is ambiguous. The subshell takes the redirections, so that those words do not
 *   follow them into the agent's stderr. Opened for reading and writing, a FIFO never ends.
 */
export const holderScript = `
_shim_dir=$1 _shim_cgroup=$2 _shim_stdin=$3
shift 3
trap : TERM HUP INT QUIT
printf '%s\\n' "$$" >> "$_shim_dir/holder.pid"
if [ -n "$_shim_cgroup" ]; then printf '%s\\n' "$$" > "$_shim_cgroup/cgroup.procs"; fi
if [ "$_shim_stdin" != /dev/null ] && [ ! -p "$_shim_stdin" ]; then command -p mkfifo -m 600 "$_shim_stdin"; fi
set -C
printf '%s\\n' "$$" > "$_shim_dir/go" || exit 75
set +C
( exec "$@" <> "$_shim_stdin" >> "$_shim_dir/stdout" 2>> "$_shim_dir/stderr" )
_shim_code=$?
umask 077
printf '%s\\n' "$_shim_code" > "$_shim_dir/exit"
`;
