import type { ResumeContext } from './agent.js';

/** Why there is no conversation to go on with, although one was asked for; null where there is, or none was asked for. */
export function nothingToResume({ strategy, conversationId, transcript }: ResumeContext): string | null {
  if (strategy === 'brief' || (conversationId !== null && transcript !== null && transcript.messages > 0)) return null;
  return 'the conversation before left no transcript';
}

/** Why a copy is resumed; null where nothing but the request for one says so. */
export function forkReason({ strategy, transcript, contextIsFull }: ResumeContext): string | null {
  const malformed = transcript?.malformedLines ?? 0;
  const reasons = [
    ...(malformed > 0 && (strategy === 'native' || strategy === 'compact') ? [`${malformed} lines of the transcript do not parse`] : []),
    ...(contextIsFull === true ? ['the context was full: the younger half of the conversation is kept'] : []),
  ];
  return reasons.length === 0 ? null : reasons.join('; ');
}
