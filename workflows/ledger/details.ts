import { moment } from '../../domain/moment.js';
import type { LedgerStatus } from '../kaizen-messages.js';
import { oneLine } from '../one-line.js';

const shown = 20;

/** A ledger's current details as markdown: the level of the next experiment, and what was issued. */
export function describeLedger({ scope, lond, yearSinceMs, next, issued }: LedgerStatus): string {
  const lines = [
    next ? `**The next experiment of ${oneLine(scope)} is decided at an e-value of ${threshold(next.alpha)}** (level ${next.alpha.toPrecision(3)}, number ${next.index})` : "**This year's levels are used up**",
    '',
    `- false-discovery rate kept: ${lond.alpha} over the experiments of a year`,
    `- this year: ${lond.begun} begun, ${lond.rejections} with evidence, since ${moment(yearSinceMs)} UTC`,
  ];
  const entries = Object.entries(issued).slice(-shown).toReversed();
  if (entries.length > 0) lines.push('', 'Issued:', '');
  for (const [experiment, { index, alpha, rejected }] of entries) {
    lines.push(`- ${index}: ${oneLine(experiment)}, e-value ${threshold(alpha)} wanted, ${rejected === null ? 'open or given up' : rejected ? 'reached' : 'not reached'}`);
  }
  return lines.join('\n');
}

function threshold(alpha: number): string {
  return (1 / alpha).toPrecision(4);
}
