import { parseArgs } from 'node:util';
import { benchActions } from './actions.js';
import { benchAdoption } from './adoption.js';
import { benchAssignment } from './assignment.js';
import { benchLongRun } from './long-run.js';
import { benchMetrics } from './metrics.js';
import { benchRestart } from './restart.js';
import { benchScale } from './scale.js';
import { benchStatistics } from './statistics.js';
import { benchStore } from './store.js';

const { values, positionals: named } = parseArgs({
  allowPositionals: true,
  options: {
    /** Of `scale`: how many, and how long they are looked at while they rest, s. */
    sessions: { type: 'string', default: '1000' },
    rest: { type: 'string', default: '60' },
    /** Of `long-run`: how long its day takes. */
    minutes: { type: 'string', default: '15' },
  },
});

/** npm run bench [-- checkpoint | restart | adoption | scale | statistics | store | metrics | assignment | actions | long-run]: all but the long run where none is named. */
const benchmarks = {
  checkpoint: () => import('./checkpoint-bench.js'),
  restart: () => benchRestart(60),
  adoption: () => benchAdoption(50),
  scale: () => benchScale(Number(values.sessions), Number(values.rest)),
  statistics: () => benchStatistics(),
  store: () => benchStore(),
  metrics: () => benchMetrics(),
  assignment: () => benchAssignment(),
  actions: () => benchActions(),
  'long-run': async () => {
    if (!(await benchLongRun(Number(values.minutes)))) process.exitCode = 1;
  },
} as const;

const unknown = named.find((name) => !(name in benchmarks));
if (unknown !== undefined) {
  console.error(`no benchmark ${JSON.stringify(unknown)}; there are ${Object.keys(benchmarks).join(', ')}`);
  process.exit(2);
}
for (const [name, run] of Object.entries(benchmarks)) if (named.length === 0 ? name !== 'long-run' : named.includes(name)) await run();
