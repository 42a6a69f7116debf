import { parse, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import type { ExperimentLook } from '../../domain/experiments/experiment.js';
import type { MetricDefinition } from '../../domain/experiments/metric.js';

const width = 680;
const height = 240;
const x = { field: 'sessions', type: 'quantitative', title: 'matured sessions, both arms' } as const;

/** Its colours but those of the lines are the page's, light or dark; its text is to be read on a telephone, too. */
const config = { axis: { labelFontSize: 13, titleFontSize: 13, titleFontWeight: 'normal' } } as const;

/** An e-value of this many powers of ten is off the scale: what is above or below is drawn at the edge. */
const furthest = 12;

/** The e-value after each look against matured sessions, with the boundary that it has to reach: an SVG. */
export function drawEvidence(looks: readonly ExperimentLook[]): Promise<string> {
  const values = looks.map((look) => ({ sessions: sessionsOf(look), evidence: log10(look.logEValue) }));
  const boundary = looks.map((look) => ({ sessions: sessionsOf(look), evidence: log10(look.logThreshold) }));
  return draw({
    width,
    height,
    background: 'transparent',
    config,
    encoding: {
      x,
      y: { field: 'evidence', type: 'quantitative', title: 'e-value, power of ten' },
    },
    layer: [
      { data: { values }, mark: { type: 'line', point: true, color: '#1f6feb' } },
      { data: { values: boundary }, mark: { type: 'line', strokeDash: [6, 4], color: '#cf222e' } },
    ],
  });
}

/** The interval of the difference after each look; where it lies below 0 the treatment is the better one. */
export function drawDifference(looks: readonly ExperimentLook[], unit: MetricDefinition['unit']): Promise<string> {
  const y = unit === 'ratio' ? ({ title: 'treatment less control', axis: { format: '%' } } as const) : { title: `treatment less control, ${unit}` };
  const values = looks.flatMap((look) => (look.difference === null ? [] : [{ sessions: sessionsOf(look), difference: look.difference, lower: look.interval.lower, upper: look.interval.upper }]));
  return draw({
    width,
    height,
    background: 'transparent',
    config,
    layer: [
      { data: { values }, mark: { type: 'area', opacity: 0.2, color: '#1f6feb' }, encoding: { x, y: { field: 'lower', type: 'quantitative', ...y }, y2: { field: 'upper' } } },
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
