export { superviseSession } from './session/supervise-session.js';
export { superviseHost } from './host/supervise-host.js';
