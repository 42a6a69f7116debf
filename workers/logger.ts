import { pino, type Logger } from 'pino';

/** The log of a worker process: JSON lines on stdout, which the service keeper writes to a bounded file. */
export function createLogger(service: string): Logger {
  return pino({ name: service, level: process.env['SHIM_LOG_LEVEL'] ?? 'info', base: { pid: process.pid } });
}
