/** Where Statsig is, and what it knows one by. */
export interface StatsigConnection {
  /** Its origin, without a path: `https://statsigapi.net`, or the local server's. */
  address: string;
  /** Of the SDK: `secret-…`. */
  secretKey: string;
  /** Of the Console API: `console-…`. */
  consoleKey: string;
}

const cloudAddress = 'https://statsigapi.net';

/** Statsig's cloud, where the environment has both keys; null where it lacks one. */
export function cloudConnection(environment: NodeJS.ProcessEnv): StatsigConnection | null {
  const { STATSIG_SERVER_KEY: secretKey, STATSIG_CONSOLE_KEY: consoleKey } = environment;
  return secretKey && consoleKey ? { address: cloudAddress, secretKey, consoleKey } : null;
}

/** A text for people without the keys, and not longer than a line. */
export function withoutKeys(text: string, { secretKey, consoleKey }: StatsigConnection): string {
  const clean = [secretKey, consoleKey].reduce((sum, key) => sum.replaceAll(key, '[key]'), text);
  return clean.replaceAll(/\s+/g, ' ').slice(0, 300);
}
