import type { ExitClass } from './exit-class.js';
import type { SessionLimits } from './session.js';

/** One look at an attempt's process tree. */
export interface ResourceSample {
  /** Processor time of the tree so far, ms. */
  cpuMs: number;
  /** Bytes read and written by the tree so far. */
  ioBytes: number;
  rssBytes: number;
}

/** Trees are looked at this often, or ever more rarely while they rest, ms. */
export const tickMs = 1_000;

/** Below both of these a tree counts as idle: an event loop that only ticks uses less. */
const activeCpuRatio = 0.02;
const activeIoBytesPerSecond = 1_024;

/**
 * Whether a tree did anything between two looks. A tree that shrank (a child ended) did. What it did in a longer time than a
 * tick may all have been done in one: a tree is left alone for longer only while it does nothing whatever.
 */
export function wasActive(before: ResourceSample, after: ResourceSample, elapsedMs: number): boolean {
  const cpuMs = after.cpuMs - before.cpuMs;
  const ioBytes = after.ioBytes - before.ioBytes;
  if (cpuMs < 0 || ioBytes < 0) return true;
  const ms = Math.min(elapsedMs, tickMs);
  return cpuMs >= ms * activeCpuRatio || ioBytes >= (ms / 1_000) * activeIoBytesPerSecond;
}

/** Looks in a row that found a tree exactly as it was, after which it is looked at less often. */
const quietBefore = 4;
const longestRest = 32;

/** The same where its memory or its time is limited: what wakes up may grow fast, and time goes on at rest. */
const longestRestInLimits = 8;

/** Looks, at least, in a hang timeout. */
const looksInTimeout = 10;

/**
 * After how many ticks of a second a tree is worth the next look, a power of two: so that all that rest share the same looks.
 *
 * @param quietLooks looks in a row that found it exactly as it was. @param isLimited its memory, or the hours that it may take.
 */
export function lookEvery(quietLooks: number, hangTimeoutMs: number, isLimited: boolean): number {
  const most = Math.min(isLimited ? longestRestInLimits : longestRest, hangTimeoutMs / (looksInTimeout * tickMs));
  let ticks = 1;
  for (let quiet = quietBefore; quiet <= quietLooks && ticks * 2 <= most; quiet += 1) ticks *= 2;
  return ticks;
}

/** What the watchdog knows of a running attempt; times in ms on one monotonic clock. */
export interface WatchdogFacts {
  nowMs: number;
  startedAtMs: number;
  /** The first event was seen. */
  running: boolean;
  /** Last stream event. */
  lastEventMs: number;
  /** Last time the tree used CPU or did I/O. */
  lastActivityMs: number;
  toolCallPending: boolean;
  /** Every process of the tree is stopped (state T): no tool is at work, whatever is pending. */
  treeIsStopped: boolean;
  /** When the agent said its last word; null before. */
  resultAtMs: number | null;
  rssBytes: number;
}

/** Why an attempt has to be ended, or null. */
export interface WatchdogVerdict {
  exitClass: Extract<ExitClass, 'start_timeout' | 'hung' | 'out_of_memory' | 'completed'>;
  reason: string;
}

/** Judges a running attempt. Pure; the order is that of severity. */
export function judge(facts: WatchdogFacts, limits: SessionLimits, hangTimeoutMs: number): WatchdogVerdict | null {
  const { nowMs } = facts;
  if (limits.memoryBytes !== undefined && facts.rssBytes > limits.memoryBytes) {
    return { exitClass: 'out_of_memory', reason: `process tree used ${mebibytes(facts.rssBytes)}, ${mebibytes(limits.memoryBytes)} allowed` };
  }
  if (facts.resultAtMs !== null) {
    if (nowMs - facts.resultAtMs <= limits.resultGraceMs) return null;
    return { exitClass: 'completed', reason: `result given, but no exit within ${seconds(limits.resultGraceMs)}` };
  }
  if (!facts.running) {
    if (nowMs - facts.startedAtMs <= limits.startTimeoutMs) return null;
    return { exitClass: 'start_timeout', reason: `no first event within ${seconds(limits.startTimeoutMs)}` };
  }
  const silentMs = nowMs - Math.max(facts.lastEventMs, facts.lastActivityMs);
  const toolAtWork = facts.toolCallPending && !facts.treeIsStopped;
  const allowedMs = toolAtWork ? Math.max(limits.hangToolTimeoutMs, hangTimeoutMs) : hangTimeoutMs;
  if (silentMs <= allowedMs) return null;
  return { exitClass: 'hung', reason: `no event, CPU or I/O for ${seconds(silentMs)}${toolAtWork ? ' in a tool call' : ''}${facts.treeIsStopped ? ' (every process is stopped)' : ''}` };
}

function seconds(ms: number): string {
  return `${Math.round(ms / 100) / 10} s`;
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 1_048_576)} MiB`;
}
