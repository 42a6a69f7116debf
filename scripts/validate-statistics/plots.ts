import { writeFileSync } from 'node:fs';
import { parse, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';

/** A point of one method's curve. */
export interface CurvePoint {
  method: string;
  /** Sessions so far. */
  sessions: number;
  /** Share of runs, 0-1. */
  share: number;
}

/** Writes curves of shares over sessions as an SVG, with a rule at `level` where one is given. */
export async function plotCurves(path: string, points: readonly CurvePoint[], { title, yTitle, level }: { title: string; yTitle: string; level: number | null }): Promise<void> {
  const specification: TopLevelSpec = {
    title,
    width: 560,
    height: 320,
    background: 'white',
    layer: [
      {
        data: { values: [...points] },
        mark: { type: 'line', point: true },
        encoding: {
          x: { field: 'sessions', type: 'quantitative', title: 'sessions, both arms' },
          y: { field: 'share', type: 'quantitative', title: yTitle, axis: { format: '%' } },
          color: { field: 'method', type: 'nominal', title: null, legend: { labelLimit: 300 } },
        },
      },
      ...(level === null ? [] : [{ data: { values: [{ level }] }, mark: { type: 'rule' as const, strokeDash: [4, 4] }, encoding: { y: { field: 'level', type: 'quantitative' as const } } }]),
    ],
  };
  const view = new View(parse(compile(specification).spec), { renderer: 'none' });
  writeFileSync(path, `${await view.toSVG()}\n`);
  view.finalize();
}
