import type { Arms } from '../../domain/statistics/interval.js';
import type { ConsoleApi } from './console-api.js';
import type { PulseArm } from './experiment-results.js';
import { registered } from './registered.js';

/** Pulse's name of the share of units with a crash. */
const crashMetricId = 'crash_occurred::event_user';

/** What Pulse says of the crashes in both arms of the experiment of that name; null while it says nothing. @throws StatsigUnavailableError, StatsigRefusedError */
export async function readPulse(console: ConsoleApi, name: string): Promise<Arms<PulseArm> | null> {
  const experiment = await console.findExperiment(name);
  if (!experiment) return null;
  const { id, groups } = registered(experiment);
  const { primaryMetrics, secondaryMetrics } = await console.pulseResults(id, groups.control, groups.treatment);
  const crashes = [...primaryMetrics, ...secondaryMetrics].find(({ metricID }) => metricID === crashMetricId);
  return crashes ? { control: { units: crashes.controlUnits, crashRate: crashes.controlMean }, treatment: { units: crashes.testUnits, crashRate: crashes.testMean } } : null;
}
