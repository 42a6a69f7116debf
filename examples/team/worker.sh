#!/bin/sh
# Stands in for an agent of a team: says who it is and that it is ready, then waits for work until it is told to end.
#
#   worker.sh WHO
echo "$1 is at work"
echo READY=1 > "$SHIM_NOTIFY"
trap 'exit 0' TERM
while :; do
  sleep 1 &
  wait $!
done
