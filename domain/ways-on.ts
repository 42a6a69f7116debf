import type { PauseReason, SessionState } from './session.js';

/** What the ways on depend on. */
export interface WhereItStands {
  name: string;
  /** `unknown` where nobody could be asked. */
  state: SessionState | 'unknown';
  /** Exit class of its last end. */
  lastExitClass: string | undefined;
  /** Whose limit it waits for; absent where it waits for itself. */
  account?: string | null;
  /** Why it is paused; absent where nobody tells. */
  pauseReason?: PauseReason | null;
  /** The fleet that it is a member of. */
  fleet?: string | null;
}

/** What a person can do next in each state, as commands. */
export function waysOn({ state, name, lastExitClass, account, pauseReason, fleet }: WhereItStands): string {
  switch (state) {
    case 'running':
      return `watch it: shim logs ${name} -f; end it: shim stop ${name}`;
    case 'starting':
    case 'stopping':
      return `wait: shim status ${name} shows when it is done`;
    case 'waiting_for_limit':
      if (account) return `nothing: it goes on by itself; all of its account at once: shim account ${account} cancel; this one alone: shim reset ${name}; not at all: shim stop ${name}`;
      return `nothing: it restarts by itself; at once: shim reset ${name}; not at all: shim stop ${name}`;
    case 'backing_off':
      return `nothing: it restarts by itself; at once: shim reset ${name}; not at all: shim stop ${name}`;
    case 'waiting_for_host':
      return `see the reason: where the host is away, start its worker there (shim up); commands are kept until then; end it: shim stop ${name}`;
    case 'waiting_for_session':
      return `nothing: it begins by itself if the other session completes; at once, or where that one never will: shim resume ${name}; not at all: shim stop ${name}`;
    case 'paused':
      return wayOnFromPause(name, pauseReason ?? null, fleet ?? null);
    case 'failed':
      return `${mend(lastExitClass)}, then: shim reset ${name}; or end it: shim stop ${name}`;
    case 'completed':
    case 'stopped':
      return `nothing: it will not return by itself; its output: shim logs ${name}`;
    case 'unknown':
      return 'bring Temporal back: shim up';
  }
}

function wayOnFromPause(name: string, pauseReason: PauseReason | null, fleet: string | null): string {
  if (pauseReason === 'budget') return `go on with more, as the reason says: shim resume ${name} (--add-usd, --add-tokens, --add-hours); end it: shim stop ${name}`;
  if (pauseReason === 'second_writer') return `end the other process, then: shim resume ${name}; or go on beside it at your own risk: shim resume ${name} --beside; end it: shim stop ${name}`;
  if (pauseReason === 'fleet' && fleet !== null) return `see why its fleet was given up: shim fleet ${fleet}; all go on: shim fleet ${fleet} reset; end it: shim stop ${name}`;
  return `go on: shim resume ${name}; end it: shim stop ${name}`;
}

function mend(exitClass: string | undefined): string {
  if (exitClass === 'auth_failed') return 'give the agent valid credentials';
  if (exitClass === 'misconfigured') return 'mend what the reason names';
  if (exitClass === 'out_of_memory') return 'free memory or start it anew with a higher --memory-limit';
  return 'see its output (shim logs) and mend the cause';
}
