import type { Agent, EndFacts, Launch, LaunchContext } from './agent.js';
import { claudeStreamParser } from './claude-stream.js';
import { classifyStreamedEnd } from './ending.js';
import { findProgram, misconfigured } from './program.js';
import { noCalls } from './unannounced-calls.js';

/**
 * Any program. It is told by its environment where it may keep state (SHIM_CHECKPOINT_DIR), whether it resumes
 * (SHIM_RESUME), how (SHIM_RESUME_STRATEGY) and by what (SHIM_RESUME_BRIEF), in which file its next task is (SHIM_PROMPT), and may
 * say READY=1 in the file SHIM_NOTIFY. Lines of Claude's stream-json are understood; one who streams messages has to end with a result.
 */
export const command: Agent = {
  kind: 'command',
  runsSilently: true,
  parser: claudeStreamParser,
  isMessage: () => false,
  promptIn: () => null,
  callsIn: () => noCalls,
  transcriptPath: () => null,
  claimIn: () => null,
  resumeByHand: () => [],
  classifyEnd: (facts: EndFacts) => classifyStreamedEnd(facts, { needsResult: facts.signals.messages > 0, trustsStderr: false }),
  launchFirst: (context) => launch(context, { SHIM_RESUME: '0' }, 'fresh'),
  launchResume: (context) => launch(context, { SHIM_RESUME: '1', SHIM_RESUME_STRATEGY: context.strategy, SHIM_RESUME_BRIEF: context.briefPath, ...(context.followUp ? { SHIM_PROMPT: context.followUp.path } : {}) }, context.strategy),
};

function launch(context: LaunchContext, resume: Record<string, string>, strategy: Launch['strategy']): Launch {
  const { spec, environment, checkpointPath, attemptPath, epoch } = context;
  const [program, ...rest] = spec.argv;
  if (program === undefined || program === '') throw misconfigured('no command: give it after --, as in: shim run -- make test');
  return {
    argv: [findProgram(program, spec.cwd, environment, 'give its path, or hand the right PATH on'), ...rest],
    environment: { ...resume, SHIM_CHECKPOINT_DIR: `${checkpointPath}/agent`, SHIM_NOTIFY: `${attemptPath}/notify`, SHIM_EPOCH: String(epoch), SHIM_SESSION_NAME: spec.name },
    conversationId: null,
    strategy,
    strategyReason: null,
    messages: null,
  };
}
