#!/bin/sh
# A short agent whose hazard grows with its context: three items of work, each of which takes more context and, when that is
# large, more time. With a context of more than two thirds an item crashes it in two of three cases. What is done is kept
# in SHIM_CHECKPOINT_DIR, so that a resumed agent goes on; one that is begun anew from a brief has a small context again.
#
#   short-agent.sh SEED WORLD      the seed decides on its crashes. WORLD is a folder, whose files change what harms it:
#                                  `strict`: with a context of more than half, too, an item crashes it, in four of five cases
#                                  `slow`: the first answer takes two seconds and some, in silence
#                                  `forgetful`: only one thing is dangerous, a start from a brief after a context below two thirds
set -u
seed=$1 world=$2
items=3 window=200000
done_file=$SHIM_CHECKPOINT_DIR/done
context_file=$SHIM_CHECKPOINT_DIR/context
done_items=0 context=20 before=100
[ -f "$done_file" ] && read -r done_items < "$done_file"
if [ "$SHIM_RESUME" = 1 ] && [ -f "$context_file" ]; then
  if [ "$SHIM_RESUME_STRATEGY" = brief ]; then context=0; read -r before < "$context_file"; else read -r context < "$context_file"; fi
fi

# Whether something happens that has this chance, in percent: the same for the same seed, attempt and item.
happens() {
  drawn=$(printf '%s' "$seed.$SHIM_EPOCH.$done_items" | cksum)
  [ $((${drawn%% *} % 100)) -lt "$1" ]
}

hazard=0
look_into_world() {
  hazard=0
  if [ -e "$world/forgetful" ]; then
    if [ "$before" -le 66 ]; then hazard=95; fi
  elif [ "$context" -gt 66 ]; then hazard=67
  elif [ "$context" -gt 50 ] && [ -e "$world/strict" ]; then hazard=80
  fi
}

echo '{"type":"system","subtype":"init","session_id":"'"$SHIM_SESSION_NAME"'"}'
if [ -e "$world/slow" ] && [ "$SHIM_RESUME" != 1 ]; then sleep 2.2; fi
while [ "$done_items" -lt "$items" ]; do
  context=$((context + 18))
  echo "$context" > "$context_file"
  # Between two operations: here SHIM recycles an agent whose context is in its danger zone.
  echo '{"type":"assistant","message":{"id":"'"$SHIM_EPOCH.$done_items"'","role":"assistant","content":[{"type":"text","text":"next item"}],"usage":{"input_tokens":'$((context * window / 100))',"output_tokens":10}}}'
  if [ "$context" -gt 50 ]; then sleep 1.2; else sleep 0.05; fi
  look_into_world
  if [ "$hazard" -gt 0 ] && happens "$hazard"; then kill -SEGV $$; fi
  before=100
  done_items=$((done_items + 1))
  echo "$done_items" > "$done_file"
done
echo '{"type":"result","subtype":"success","is_error":false,"result":"all items are done","total_cost_usd":0.01}'
