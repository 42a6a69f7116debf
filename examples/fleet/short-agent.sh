#!/bin/sh
# A short agent whose hazard grows with its context: five items of work, each of which takes more context and, when that is
# large, more time. Each that is done with a context of more than two thirds crashes it in half the cases. What is done is kept in
# SHIM_CHECKPOINT_DIR, so that a resumed agent goes on; one that is begun anew from a brief has a small context again.
#
#   short-agent.sh SEED WORLD      the seed decides on its crashes. WORLD is a folder, whose files change what harms it:
#                                  `strict`: a context of more than half is as dangerous as one of more than two thirds
#                                  `forgetful`: only one thing is dangerous, a start from a brief after a context below two thirds
set -u
seed=$1 world=$2
items=5 window=200000
done_file=$SHIM_CHECKPOINT_DIR/done
context_file=$SHIM_CHECKPOINT_DIR/context
done_items=0 context=20 before=100
[ -f "$done_file" ] && read -r done_items < "$done_file"
if [ "$SHIM_RESUME" = 1 ] && [ -f "$context_file" ]; then
  if [ "$SHIM_RESUME_STRATEGY" = brief ]; then read -r before < "$context_file"; else read -r context < "$context_file"; fi
fi

# Whether something happens that has this chance, in percent: the same for the same seed, attempt and item.
happens() {
  drawn=$(printf '%s' "$seed.$SHIM_EPOCH.$done_items" | cksum)
  [ $((${drawn%% *} % 100)) -lt "$1" ]
}

hazard() {
  if [ -e "$world/forgetful" ]; then
    if [ "$before" -le 66 ]; then echo 95; else echo 0; fi
  elif [ "$context" -gt 66 ] || { [ -e "$world/strict" ] && [ "$context" -gt 50 ]; }; then echo 50
  else echo 0
  fi
}

echo '{"type":"system","subtype":"init","session_id":"'"$SHIM_SESSION_NAME"'"}'
while [ "$done_items" -lt "$items" ]; do
  context=$((context + 13))
  echo "$context" > "$context_file"
  # Between two operations: here SHIM recycles an agent whose context is in its danger zone.
  echo '{"type":"assistant","message":{"id":"'"$SHIM_EPOCH.$done_items"'","role":"assistant","content":[{"type":"text","text":"next item"}],"usage":{"input_tokens":'$((context * window / 100))',"output_tokens":10}}}'
  if [ "$context" -gt 50 ]; then sleep 0.4; else sleep 0.05; fi
  if happens "$(hazard)"; then kill -SEGV $$; fi
  before=100
  done_items=$((done_items + 1))
  echo "$done_items" > "$done_file"
done
echo '{"type":"result","subtype":"success","is_error":false,"result":"all items are done","total_cost_usd":0.01}'
