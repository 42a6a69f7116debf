#!/bin/sh
# Makes the namespace, with closed workflows kept for 30 days, and SHIM's search attributes. May run again.
set -eu
temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" > /dev/null 2>&1 ||
  temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention 30d
for attribute in ShimState=Keyword ShimAgent=Keyword ShimHost=Keyword ShimLastExit=Keyword ShimAttempt=Int ShimRestarts=Int; do
  temporal operator search-attribute create --namespace "$TEMPORAL_NAMESPACE" --name "${attribute%=*}" --type "${attribute#*=}" ||
    temporal operator search-attribute list --namespace "$TEMPORAL_NAMESPACE" | grep -q "${attribute%=*}"
done
