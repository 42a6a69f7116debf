/**
 * The holder: a POSIX shell that is the parent of one attempt and outlives the worker. It is given to `sh -c` as text, so
 * that an upgrade never changes a script under a running shell.
 *
 * Arguments: the attempt's folder, the cgroup to enter (empty for none), then the command.
 *
 * - It traps signals with `:` and never with '': an ignored signal would be inherited by the agent.
 * - The claim (`mkdir go`) is its last act before the command: whoever made that folder first decides whether the
 *   command ever runs.
 * - The command runs in the foreground, so that the shell itself writes "Killed" and the like into holder.log for real
 *   signals: an exit code of 128+n alone is ambiguous. The subshell takes the redirections, so that those words do not
 *   follow them into the agent's stderr.
 */
export const holderScript = `
dir=$1 cgroup=$2
shift 2
trap : TERM HUP INT QUIT
printf '%s\\n' "$$" > "$dir/holder.pid"
if [ -n "$cgroup" ]; then printf '%s\\n' "$$" > "$cgroup/cgroup.procs"; fi
command -p mkdir "$dir/go" || exit 75
( exec "$@" < /dev/null >> "$dir/stdout" 2>> "$dir/stderr" )
printf '%s\\n' "$?" > "$dir/exit"
`;
