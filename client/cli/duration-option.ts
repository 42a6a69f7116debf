import { Option } from 'commander';
import { formatDuration } from '../../domain/duration.js';
import { parseDuration } from './units.js';

/** An option that takes a duration, whose default is shown as one would write it. @param defaultMs ms. */
export function durationOption(flags: string, description: string, defaultMs: number): Option {
  return new Option(flags, description).argParser(parseDuration).default(defaultMs, formatDuration(defaultMs));
}
