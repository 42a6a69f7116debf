import { ActivityFailure, ApplicationFailure, condition, getExternalWorkflowHandle, log, proxyActivities } from '@temporalio/workflow';
import type { SessionChainActivities } from '../../activities/session-chain-activities.js';
import type { SessionSpec, SessionState } from '../../domain/session.js';
import { isOver, whyItWaits, type Predecessor } from '../../domain/session-chain.js';
import { circle, predecessorSignal, sessionWorkflowId, type CarriedChain, type PredecessorNews, type Successor } from '../messages.js';
import type { Session } from './session.js';

/** More sessions than these do not wait for one. */
const mostSuccessors = 100;

/** For as long as it takes. */
const activities = proxyActivities<SessionChainActivities>({
  startToCloseTimeout: '30 s',
  retry: { initialInterval: '500 ms', backoffCoefficient: 2, maximumInterval: '15 s' },
});

/** Where a session keeps what it waits for and who waits for it. */
interface ChainKept {
  chain?: CarriedChain;
}

/** The session that this one waits for, and those that wait for it. Nothing here waits. */
export class SessionChain {
  /** Why it must not wait for the other one; null where it may. */
  refusal: string | null = null;

  constructor(
    private readonly spec: SessionSpec,
    private readonly kept: ChainKept,
  ) {}

  private get carried(): CarriedChain {
    return (this.kept.chain ??= { isOver: false, predecessor: { kind: 'unknown' }, successors: [] });
  }

  get after(): string | null {
    return this.spec.after ?? null;
  }
  /** It is not to begin yet. */
  get isWaiting(): boolean {
    return this.after !== null && !this.carried.isOver;
  }
  get reason(): string {
    return whyItWaits(this.spec.name, this.after ?? '', this.carried.predecessor);
  }
  get successors(): readonly Successor[] {
    return this.kept.chain?.successors ?? [];
  }

  learned(predecessor: Predecessor): void {
    this.carried.predecessor = predecessor;
    this.carried.isOver ||= isOver(predecessor);
  }

  /** News from the other one; of a session that waited before under this name they may be, too. */
  told({ after, successorId, predecessor }: PredecessorNews): void {
    if (this.isWaiting && after === this.after && successorId === this.spec.sessionId) this.learned(predecessor);
  }

  /** It begins now, whatever becomes of the other one. */
  release(): void {
    this.carried.isOver = true;
  }

  /** Another session waits for this one. @throws ApplicationFailure where too many do. */
  register(successor: Successor): void {
    if (this.successors.some(({ sessionId }) => sessionId === successor.sessionId)) return;
    if (this.successors.length >= mostSuccessors) throw ApplicationFailure.nonRetryable(`${mostSuccessors} sessions wait for ${this.spec.name} already`, circle);
    this.carried.successors = [...this.successors, successor];
  }
}

/** Asks to be told of the other one, beside all else. */
export async function joinPredecessor(session: Session): Promise<void> {
  const { chain, spec } = session;
  const { after } = chain;
  if (after === null || !chain.isWaiting) return;
  try {
    const { name, sessionId } = spec;
    chain.learned(await activities.joinSession.executeWithOptions({ summary: `begins when ${after} has completed` }, [{ after, name, sessionId }]));
  } catch (error) {
    if (!(error instanceof ActivityFailure) || !(error.cause instanceof ApplicationFailure)) throw error;
    chain.refusal = error.cause.message;
  }
  session.showWait();
}

/** Until the other one has completed, a person starts this one anyway, or it is paused or stopped. @returns why it must not wait at all; null where it may. */
export async function waitForPredecessor(session: Session): Promise<string | null> {
  const { chain } = session;
  session.enter('waiting_for_session', chain.reason);
  await condition(() => !chain.isWaiting || chain.refusal !== null || session.desired !== 'running');
  if (chain.refusal === null || session.desired !== 'running') return null;
  // A person's reset starts it all the same.
  chain.release();
  return chain.refusal;
}

/** Tells those that wait for a session what it has come to. One that is not there any more needs no news. */
export async function tellSuccessors({ chain, spec, reason }: Session, state: SessionState): Promise<void> {
  const predecessor: Predecessor = state === 'completed' || state === 'stopped' ? { kind: 'closed', state, reason } : { kind: 'open', state, reason };
  const news = chain.successors.map(async ({ name, sessionId }) => {
    try {
      await getExternalWorkflowHandle(sessionWorkflowId(name)).signal(predecessorSignal, { after: spec.name, successorId: sessionId, predecessor });
    } catch (error) {
      log.warn('a session that waits could not be told', { name, error: error instanceof Error ? error.message : String(error) });
    }
  });
  await Promise.all(news);
}
