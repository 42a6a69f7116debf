import { readFileSync } from 'node:fs';
import { endianness } from 'node:os';

/** Types of entries in the auxiliary vector. */
const typePageSize = 6;
const typeClockTicks = 17;

/** What the kernel tells every program of its units; empty where it does not, or where words are not of 64 bits. */
function readAuxiliaryVector(): Map<number, number> {
  const entries = new Map<number, number>();
  if (['arm', 'ia32', 'mips', 'mipsel'].includes(process.arch) || endianness() !== 'LE') return entries;
  try {
    const vector = readFileSync('/proc/self/auxv');
    for (let at = 0; at + 16 <= vector.length; at += 16) entries.set(Number(vector.readBigUInt64LE(at)), Number(vector.readBigUInt64LE(at + 8)));
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
  }
  return entries;
}

const auxiliary = readAuxiliaryVector();

/** Bytes of a page, in which /proc counts memory. */
export const pageBytes = auxiliary.get(typePageSize) ?? 4_096;

/** Clock ticks of /proc a second. */
export const ticksPerSecond = auxiliary.get(typeClockTicks) ?? 100;
