import { spawn } from 'node:child_process';

/** Opens a page where there is a desktop to open it on; elsewhere nothing happens, for the link was printed. */
export function openInBrowser(url: string, environment: NodeJS.ProcessEnv): void {
  if (!process.stdout.isTTY) return;
  if (!environment['DISPLAY'] && !environment['WAYLAND_DISPLAY']) return;
  const opener = spawn('xdg-open', [url], { stdio: 'ignore', detached: true, env: environment });
  // Without the program the printed link has to do.
  opener.on('error', () => undefined);
  opener.unref();
}
