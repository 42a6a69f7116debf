import { quantileOf, type HarmResult } from './harm.js';
import type { SequenceResult } from './sequence.js';

export interface SequenceFigures {
  trueShare: number;
  sequences: SequenceResult[];
}

/** Mean over the sequences of the share of false deploys among the deploys; 0 where there was none. */
export function falseDiscoveryRateOf(sequences: readonly SequenceResult[]): number {
  const shares = sequences.map(({ found, falselyShipped }) => falselyShipped / Math.max(1, found + falselyShipped));
  return shares.reduce((sum, share) => sum + share, 0) / sequences.length;
}

/** Share of the true effects that were found; null where there was none. */
export function foundShareOf(sequences: readonly SequenceResult[]): number | null {
  const effects = total(sequences, 'trueEffects');
  return effects === 0 ? null : total(sequences, 'found') / effects;
}

/** As a table for docs/kaizen.md. */
export function sequencesTable(figures: readonly SequenceFigures[]): string {
  const rows = figures.map(({ trueShare, sequences }) => {
    const found = foundShareOf(sequences);
    return `| ${trueShare * 100} % | ${sequences.length} x ${sequences[0]?.experiments ?? 0} | ${falseDiscoveryRateOf(sequences).toFixed(4)} | ${total(sequences, 'falselyShipped')} of ${total(sequences, 'found') + total(sequences, 'falselyShipped')} | ${found === null ? 'none to find' : found.toFixed(3)} | ${total(sequences, 'rolledBack')} | ${Math.round(total(sequences, 'sessions') / total(sequences, 'experiments'))} |`;
  });
  return ['| true effects | experiments | false-discovery rate | false deploys | effects found | rolled back | sessions each |', '| --- | --- | --- | --- | --- | --- | --- |', ...rows].join('\n');
}

export interface HarmFigures extends HarmResult {
  controlCrash: number;
}

/** As a table for docs/kaizen.md. */
export function harmTable(figures: readonly HarmFigures[]): string {
  const rows = figures.map(({ controlCrash, runs, stopped, treated }) => {
    const at = (probability: number) => quantileOf(treated, probability);
    return `| ${controlCrash} | ${(controlCrash * 3).toFixed(2)} | ${stopped} of ${runs} | ${at(0.1)} | ${at(0.5)} | ${at(0.9)} | ${at(1)} |`;
  });
  return ['| crash rate of control | of treatment | stopped | treated sessions, 10 % | 50 % | 90 % | all |', '| --- | --- | --- | --- | --- | --- | --- |', ...rows].join('\n');
}

export interface NoHarmFigures {
  crash: number;
  runs: number;
  rolledBack: number;
  shipped: number;
}

/** As a table for docs/kaizen.md. */
export function noHarmTable(figures: readonly NoHarmFigures[]): string {
  const rows = figures.map(({ crash, runs, rolledBack, shipped }) => `| ${crash} | ${runs} | ${(rolledBack / runs).toFixed(3)} | ${shipped} |`);
  return ['| crash rate of both arms | experiments | rolled back, share | shipped |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

function total(sequences: readonly SequenceResult[], of: keyof SequenceResult): number {
  return sequences.reduce((sum, sequence) => sum + sequence[of], 0);
}
