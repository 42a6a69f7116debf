import type { Arm } from '../../domain/experiments/unit.js';
import type { ExperimentPlatform, ExperimentToRegister, RegisteredExperiment } from '../../analytics/statsig/platform.js';

/** Statsig as an experiment sees it, in memory: it notes what it was asked, and can be away. */
export class ScriptedPlatform implements ExperimentPlatform {
  readonly asked: { call: string; name: string; detail: unknown }[] = [];
  /** Thrown by every call where it is set. */
  away: Error | null = null;
  /** Who is asked in its place, where there is one. */
  behind: Pick<ExperimentPlatform, 'register' | 'allocate' | 'decide' | 'abandon'> | null = null;

  register(experiment: ExperimentToRegister): Promise<RegisteredExperiment> {
    const { name } = experiment;
    return this.behind ? this.behind.register(experiment) : this.answer('register', name, null, { id: name, name, groups: { control: `${name}-c`, treatment: `${name}-t` } });
  }
  allocate(experiment: RegisteredExperiment, share: number): Promise<void> {
    return this.behind ? this.behind.allocate(experiment, share) : this.answer('allocate', experiment.name, share, undefined);
  }
  decide(experiment: RegisteredExperiment, arm: Arm, reason: string): Promise<void> {
    return this.behind ? this.behind.decide(experiment, arm, reason) : this.answer('decide', experiment.name, arm, undefined);
  }
  abandon(experiment: RegisteredExperiment, reason: string): Promise<void> {
    return this.behind ? this.behind.abandon(experiment, reason) : this.answer('abandon', experiment.name, reason, undefined);
  }
  assign(): null {
    return null;
  }
  sync(): Promise<void> {
    return Promise.resolve();
  }

  /** The calls of an experiment, in order. */
  calls(): string[] {
    return this.asked.map(({ call, detail }) => (call === 'allocate' || call === 'decide' ? `${call} ${String(detail)}` : call));
  }

  private answer<T>(call: string, name: string, detail: unknown, result: T): Promise<T> {
    if (this.away) return Promise.reject(this.away);
    this.asked.push({ call, name, detail });
    return Promise.resolve(result);
  }
}
