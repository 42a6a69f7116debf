#!/bin/sh
# Makes the namespace, with closed workflows kept for 30 days, and SHIM's search attributes. May run again.
set -eu

# A server that has just come up, or has just made a namespace, refuses for some seconds.
patiently() {
  tries=1
  until "$@"; do
    [ $tries -lt 30 ] || { echo "given up after $tries tries: $*" >&2; return 1; }
    tries=$((tries + 1))
    sleep 1
  done
}

namespace() {
  temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" > /dev/null 2>&1 ||
    temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" > /dev/null
  temporal operator namespace update --namespace "$TEMPORAL_NAMESPACE" --retention 30d > /dev/null
}

search_attribute() {
  temporal operator search-attribute list --namespace "$TEMPORAL_NAMESPACE" | grep -qw "$1" ||
    temporal operator search-attribute create --namespace "$TEMPORAL_NAMESPACE" --name "$1" --type "$2" > /dev/null
}

patiently namespace
for attribute in ShimState=Keyword ShimAgent=Keyword ShimHost=Keyword ShimLastExit=Keyword ShimAttempt=Int ShimRestarts=Int ShimParameter=Keyword ShimPhase=Keyword ShimVerdict=Keyword ShimFleet=Keyword ShimAccount=Keyword; do
  patiently search_attribute "${attribute%=*}" "${attribute#*=}"
done
