import { parse, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import type { ExperimentLook } from '../../domain/experiments/experiment.js';

const width = 680;
const height = 240;
const x = { field: 'sessions', type: 'quantitative', title: 'matured sessions, both arms' } as const;

/** An e-value of this many powers of ten is off the scale: what is above or below is drawn at the edge. */
const furthest = 12;

/** The e-value after each look against matured sessions, with the boundary that it has to reach: an SVG. */
export function drawEvidence(looks: readonly ExperimentLook[]): Promise<string> {
  const values = looks.map((look) => ({ sessions: sessionsOf(look), evidence: log10(look.logEValue) }));
  const boundary = looks.map((look) => ({ sessions: sessionsOf(look), evidence: log10(look.logThreshold) }));
  return draw({
    width,
    height,
    background: 'white',
    encoding: {
      x,
      y: { field: 'evidence', type: 'quantitative', title: 'evidence, e-value as a power of ten' },
    },
    layer: [
      { data: { values }, mark: { type: 'line', point: true, color: '#1f6feb' } },
      { data: { values: boundary }, mark: { type: 'line', strokeDash: [6, 4], color: '#cf222e' } },
    ],
  });
}

/** The interval of the difference after each look; where it lies below 0 the treatment is the better one. */
export function drawDifference(looks: readonly ExperimentLook[], unit: string): Promise<string> {
  const values = looks.flatMap((look) => (look.difference === null ? [] : [{ sessions: sessionsOf(look), difference: look.difference, lower: look.interval.lower, upper: look.interval.upper }]));
  return draw({
    width,
    height,
    background: 'white',
    layer: [
      { data: { values }, mark: { type: 'area', opacity: 0.2, color: '#1f6feb' }, encoding: { x, y: { field: 'lower', type: 'quantitative', title: `treatment less control, ${unit}` }, y2: { field: 'upper' } } },
      { data: { values }, mark: { type: 'line', color: '#1f6feb' }, encoding: { x, y: { field: 'difference', type: 'quantitative' } } },
      { data: { values: [{ zero: 0 }] }, mark: { type: 'rule', strokeDash: [6, 4] }, encoding: { y: { field: 'zero', type: 'quantitative' } } },
    ],
  });
}

function sessionsOf({ arms: { control, treatment } }: ExperimentLook): number {
  return control.units + treatment.units;
}

function log10(naturalLog: number): number {
  return Math.max(-furthest, Math.min(furthest, naturalLog / Math.LN10));
}

async function draw(specification: TopLevelSpec): Promise<string> {
  const view = new View(parse(compile(specification).spec), { renderer: 'none' });
  try {
    return await view.toSVG();
  } finally {
    view.finalize();
  }
}
