import type { Notice } from '../domain/notice.js';
import type { ChannelTried, TryNoticesInput } from '../domain/notice-channels.js';

/** What a host can do with notices; host/notices/notice-desk.ts is the real one. */
export interface NoticeTaker {
  take(notice: Notice): Promise<void>;
  tryChannels(input: TryNoticesInput): Promise<ChannelTried[]>;
}

/** The activities of one host's queue that tell people. */
export function createNoticeActivities(notices: NoticeTaker) {
  return {
    /** Keeps a notice on the host's disk and begins to deliver it; idempotent by its id. */
    takeNotice: (notice: Notice): Promise<void> => notices.take(notice),
    /** Sends a notice that says it is a test, once through each channel. @returns how each took it. */
    tryNotices: (input: TryNoticesInput): Promise<ChannelTried[]> => notices.tryChannels(input),
  };
}

export type NoticeActivities = ReturnType<typeof createNoticeActivities>;
