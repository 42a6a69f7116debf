import type { SessionSpec } from '../domain/session.js';
import type { HostContext } from './host-context.js';
import type { SessionFolder } from './session-folder.js';
import { SessionRuntime } from './session-runtime.js';

/** The runtimes of a host's sessions, by name; each is made when it is first needed. */
export class SessionRuntimes {
  private readonly runtimes = new Map<string, SessionRuntime>();

  constructor(private readonly host: HostContext) {}

  /** The one that was made last for a session of that name. */
  get(name: string): SessionRuntime | undefined {
    return this.runtimes.get(name);
  }

  /** That of this session, not of an earlier one of its name. @throws HostError Misconfigured where the session's environment is not on this host. */
  of(folder: SessionFolder, spec: SessionSpec): SessionRuntime {
    const known = this.runtimes.get(folder.name);
    if (known?.spec.sessionId === spec.sessionId) return known;
    const runtime = new SessionRuntime(this.host, spec, folder);
    this.runtimes.set(folder.name, runtime);
    return runtime;
  }

  /** The session goes on as another specification says, and with the environment that was written for it. @throws HostError Misconfigured as above. */
  change(folder: SessionFolder, spec: SessionSpec): void {
    const known = this.runtimes.get(folder.name);
    this.runtimes.set(folder.name, new SessionRuntime(this.host, spec, folder, known?.spec.sessionId === spec.sessionId ? known.checkpoints : undefined));
  }

  forget(name: string): void {
    this.runtimes.delete(name);
  }
}
