import type { ResumeContext } from './agent.js';

/** A prompt that begins so would be taken for a flag. */
const likeAFlag = /^-/;

/**
 * What a resumed agent is told: of its last attempt, of its task where it may not have that any more, and the prompt that
 * was queued. After a completed turn, of which the agent has all, the queued prompt is all there is to say.
 *
 * @param task null for an agent that has its conversation.
 */
export function resumePrompt({ brief, followUp = null, laterTasks = '' }: Pick<ResumeContext, 'brief' | 'followUp' | 'laterTasks'>, task: string | null): string {
  if (task === null && followUp?.isAlone === true) return followUp.text.replace(likeAFlag, ' -');
  const parts = [brief];
  if (task !== null) parts.push(`The task, as it was given:\n\n${task}`);
  if (task !== null && laterTasks !== '') parts.push(`Given later, in this order:\n\n${laterTasks}`);
  if (followUp) parts.push(`The next task, which was queued for you: do it when what is above is done.\n\n${followUp.text}`);
  return parts.join('\n\n');
}
