/**
 * Keeps one service alive: starts it again when it dies, after 0.2 s that double up to 10 s while it lives for less than
 * 5 s each time. TERM ends the service, then the keeper. A keeper that is given a living service (its predecessor was
 * killed) watches it instead of starting a second one.
 *
 * The service itself writes its pid and start time before it becomes the program, so that a keeper killed right after
 * the start leaves no service that nobody knows of.
 *
 * What it and its service write is for their owner alone.
 *
 * Brought up by an agent, it leaves the agent's cgroup first: services do not die with the agent.
 *
 * Arguments: name, run folder, log file, largest log in bytes, pid of the living service or nothing, the file that takes a
 * process out of its cgroup or nothing, the command.
 */
export const keeperScript = `
name=$1 run=$2 log=$3 largest=$4 child=$5 out=$6
shift 6
[ -z "$out" ] || printf '%s\\n' "$$" 2>/dev/null > "$out"
mask=$(umask)
umask 077
stopping=
restarts=0
delay=1
trap 'stopping=1; [ -z "$child" ] || kill -TERM "$child" 2>/dev/null' TERM INT
trap : HUP

# Sets stat and started; fails where the process is gone or a zombie, which still answers kill -0.
look() {
  { read -r stat < "/proc/$1/stat"; } 2>/dev/null || return 1
  set -- \${stat##*') '}
  case $1 in Z | X) return 1 ;; esac
  started=\${20}
}

# In place and always as long: a disk that is full takes it all the same, where there was one before.
note() { printf '%010d %020d\\n' "$2" "$3" 1<> "$run/$name$1.pid"; }

look self && note .keeper "$$" "$started"
if [ -n "$child" ] && look "$child"; then
  since=$started
  { read -r restarts < "$run/$name.restarts"; } 2>/dev/null
  while look "$child" && [ "$started" = "$since" ]; do sleep 0.2; done
  restarts=$((restarts + 1))
fi
child=
while [ -z "$stopping" ]; do
  printf '%s\\n' "$restarts" > "$run/$name.restarts"
  if [ -f "$log" ] && [ "$(wc -c < "$log")" -gt "$largest" ]; then mv -f "$log" "$log.1"; fi
  began=$(date +%s)
  (
    look self && note '' "\${stat%% *}" "$started"
    # Agents inherit it from the host worker: their files are as their user wants them.
    [ "$name" != host-worker ] || umask "$mask"
    exec "$@"
  ) >> "$log" 2>&1 < /dev/null &
  child=$!
  # TERM may have come while there was no child to pass it to.
  [ -z "$stopping" ] || kill -TERM "$child" 2>/dev/null
  wait "$child"
  while look "$child"; do wait "$child"; done
  child=
  restarts=$((restarts + 1))
  [ $(($(date +%s) - began)) -lt 5 ] || delay=1
  n=0
  while [ -z "$stopping" ] && [ $n -lt $delay ]; do
    sleep 0.2
    n=$((n + 1))
  done
  delay=$((delay * 2))
  [ $delay -le 50 ] || delay=50
done
rm -f "$run/$name.pid" "$run/$name.keeper.pid"
`;
