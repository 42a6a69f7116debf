import type { PublishedParameter, Store } from '../../../analytics/outcomes/store.js';
import type { ParameterName } from '../../../domain/parameter-table.js';

/** The published part of a store, in memory: it can be away, and others can publish behind the back of an entity. */
export class PublishedParameters implements Pick<Store, 'parameter' | 'publish' | 'parameters'> {
  private readonly standing = new Map<ParameterName, PublishedParameter>();
  /** Everything that was asked to be published, in order. */
  readonly asked: PublishedParameter[] = [];
  /** Set where the store cannot be reached. */
  away: Error | null = null;
  /** Done once, before the next publication is looked at. */
  before: (() => void) | null = null;

  parameters(): Promise<PublishedParameter[]> {
    return this.reached(() => [...this.standing.values()]);
  }

  parameter(name: ParameterName): Promise<PublishedParameter | null> {
    return this.reached(() => this.standing.get(name) ?? null);
  }

  publish(parameter: PublishedParameter): Promise<PublishedParameter> {
    return this.reached(() => {
      this.asked.push(parameter);
      this.before?.();
      this.before = null;
      return this.stand(parameter);
    });
  }

  /** As the real store decides: the higher version stands. */
  stand(parameter: PublishedParameter): PublishedParameter {
    const standing = this.standing.get(parameter.name);
    if (standing && standing.version >= parameter.version) return standing;
    this.standing.set(parameter.name, parameter);
    return parameter;
  }

  private reached<T>(work: () => T): Promise<T> {
    return this.away ? Promise.reject(this.away) : Promise.resolve(work());
  }
}
