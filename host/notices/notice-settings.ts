import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { z } from 'zod';
import { noticeSettingsSchema, type NoticeSettings } from '../../domain/notice-channels.js';

/** Bits of a file's mode that let others than its owner at it. */
const openToOthers = 0o077;

/** Thrown where the settings, or a file that they name, cannot be used; the message names the file and what to do. */
export class NoticeSettingsError extends Error {
  override name = 'NoticeSettingsError';
}

export function noticeSettingsFile(home: string): string {
  return join(home, 'notices.json');
}

/** How people are told on this host; null where they asked for nothing. @throws NoticeSettingsError. */
export function readNoticeSettings(home: string): NoticeSettings | null {
  const path = noticeSettingsFile(home);
  const text = readPrivateFile(path);
  if (text === null) return null;
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new NoticeSettingsError(`${path} is no JSON: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
  const settings = noticeSettingsSchema.safeParse(parsed);
  if (!settings.success) throw new NoticeSettingsError(`${path} is not as it should be: ${problemsOf(settings.error)}`, { cause: settings.error });
  return settings.data;
}

/** A file that only its owner may read; null where there is none. @throws NoticeSettingsError where others may, or it cannot be read. */
export function readPrivateFile(path: string): string | null {
  try {
    if ((statSync(path).mode & openToOthers) !== 0) throw new NoticeSettingsError(`${path} can be read by others; run: chmod 600 ${path}`);
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof NoticeSettingsError) throw error;
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw new NoticeSettingsError(`${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

function problemsOf(error: z.ZodError): string {
  return error.issues.map(({ path, message }) => `${path.length === 0 ? '' : `${path.join('.')}: `}${message}`).join('; ');
}
