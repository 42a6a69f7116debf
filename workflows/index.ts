export { superviseSession } from './supervise-session.js';
export { recordOutcomes } from './record-outcomes.js';
export { superviseHost } from './supervise-host.js';
export { superviseFleet } from './supervise-fleet.js';
export { parameter } from './parameter.js';
export { alphaLedger } from './alpha-ledger.js';
export { kaizenLoop } from './kaizen-loop.js';
export { runExperiment } from './run-experiment.js';
