import { shimHome } from '../host/shim-home.js';
import { changedSettings, defaultKaizenSettings, KaizenSettingsError, type KaizenSettings } from '../domain/experiments/kaizen-settings.js';
import { defaultScope } from '../domain/kaizen-mode.js';
import type { KaizenStatus } from '../workflows/kaizen-messages.js';
import { BadInputError } from './errors.js';
import { KaizenClient } from './kaizen-client.js';

export interface AutoExperimentEngineOptions {
  /** Where SHIM's state is; $SHIM_HOME, if left out. */
  home?: string;
  environment?: NodeJS.ProcessEnv;
  /** Whose loop it is: an installation has one scope unless it wants more. */
  scope?: string;
  /** Who asks, for the histories. */
  by?: string;
}

/**
 * The kaizen loop for programs: it runs in Temporal, not here, and goes on when the program has ended. Every method throws
 * ShimDownError if Temporal goes away, NoWorkerError if no worker answers.
 */
export class AutoExperimentEngine {
  private readonly options: Required<AutoExperimentEngineOptions>;

  constructor({ home, environment = process.env, scope = defaultScope, by = 'program' }: AutoExperimentEngineOptions = {}) {
    this.options = { home: home ?? shimHome(environment), environment, scope, by };
  }

  /**
   * Starts the loop, or changes the settings of the one that runs: there is never a second one.
   *
   * @throws BadInputError where the settings cannot be; nothing was started.
   */
  start(settings: Partial<KaizenSettings> = {}): Promise<KaizenStatus> {
    try {
      changedSettings(defaultKaizenSettings, settings);
    } catch (error) {
      if (error instanceof KaizenSettingsError) return Promise.reject(new BadInputError(`these settings cannot be: ${error.message}`));
      throw error;
    }
    return this.with((client, { scope, by }) => client.startKaizen(scope, settings, by));
  }

  /** Ends the loop; experiments go on to their own ends. @throws NoKaizenError */
  stop(): Promise<KaizenStatus> {
    return this.with((client, { scope, by }) => client.stopKaizen(scope, by));
  }

  /** What the last look found, and what was done about it. @throws NoKaizenError */
  status(): Promise<KaizenStatus> {
    return this.with((client, { scope }) => client.kaizenStatus(scope));
  }

  /** Makes the loop look now. @throws NoKaizenError */
  nudge(reason = 'asked for by a program'): Promise<void> {
    return this.with((client, { scope }) => client.nudge(scope, reason));
  }

  private with<T>(work: (client: KaizenClient, options: Required<AutoExperimentEngineOptions>) => Promise<T>): Promise<T> {
    const { home, environment } = this.options;
    return KaizenClient.with(home, environment, (client) => work(client, this.options));
  }
}
