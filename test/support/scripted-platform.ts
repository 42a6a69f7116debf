import type { ExperimentPlatform, ExperimentToRegister, RegisteredExperiment } from '../../analytics/statsig/platform.js';

/** Statsig as an experiment sees it, in memory: it notes what it was asked, and can be away. */
export class ScriptedPlatform implements ExperimentPlatform {
  readonly asked: { call: string; name: string; detail: unknown }[] = [];
  /** Thrown by every call that is set. */
  away: Error | null = null;

  register({ name }: ExperimentToRegister): Promise<RegisteredExperiment> {
    return this.answer('register', name, null, { id: name, name, groups: { control: `${name}-c`, treatment: `${name}-t` } });
  }
  allocate({ name }: RegisteredExperiment, share: number): Promise<void> {
    return this.answer('allocate', name, share, undefined);
  }
  decide({ name }: RegisteredExperiment, arm: string): Promise<void> {
    return this.answer('decide', name, arm, undefined);
  }
  abandon({ name }: RegisteredExperiment, reason: string): Promise<void> {
    return this.answer('abandon', name, reason, undefined);
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
