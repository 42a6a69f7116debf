#!/bin/sh
# A short agent whose hazard grows with its context: five items of work, each of which takes more context and, when that is
# large, more time. One that is begun with a context of more than four fifths crashes it in half the cases. What is done is kept in SHIM_CHECKPOINT_DIR, so a
# resumed agent goes on; one that is begun anew from a brief has an empty context again.
#
#   short-agent.sh SEED [HARM]     the seed decides on its crashes; HARM is a file: while it is there, silences are longer
set -u
seed=$1 harm=${2:-}
items=5 window=200000
done_file=$SHIM_CHECKPOINT_DIR/done
context_file=$SHIM_CHECKPOINT_DIR/context
done_items=0 context=20
[ -f "$done_file" ] && read -r done_items < "$done_file"
# A native resume finds its context as it was; a brief begins with a small one.
if [ "${SHIM_RESUME:-0}" = 1 ] && [ -f "$context_file" ] && ! grep -q '"strategy": *"brief"' "$SHIM_RESUME_BRIEF" 2> /dev/null; then read -r context < "$context_file"; fi

# A number from 0 to 99, the same for the same seed, epoch and item.
draw() { set -- $(printf '%s' "$seed.$SHIM_EPOCH.$1" | cksum); echo $(($1 % 100)); }

echo '{"type":"system","subtype":"init","session_id":"'"$SHIM_SESSION_NAME"'"}'
while [ "$done_items" -lt "$items" ]; do
  item=$((done_items + 1)) context=$((context + 13))
  echo "$context" > "$context_file"
  tokens=$((context * window / 100))
  # Between two operations: here SHIM recycles an agent whose context is in its danger zone.
  echo '{"type":"assistant","message":{"id":"'"$SHIM_EPOCH.$item"'","role":"assistant","content":[{"type":"text","text":"item '"$item"'"}],"usage":{"input_tokens":'"$tokens"',"output_tokens":10}}}'
  if [ "$context" -gt 80 ] && [ "$(draw "$item")" -lt 50 ]; then kill -SEGV $$; fi
  if [ "$context" -gt 66 ]; then sleep 0.3; else sleep 0.05; fi
  if [ -n "$harm" ] && [ -e "$harm" ]; then sleep 0.6; fi
  echo "$item" > "$done_file"
  done_items=$item
done
echo '{"type":"result","subtype":"success","is_error":false,"result":"all items are done","total_cost_usd":0.01}'
