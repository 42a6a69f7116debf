export { superviseSession } from './supervise-session.js';
export { superviseHost } from './supervise-host.js';
