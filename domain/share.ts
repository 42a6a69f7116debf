/** A ratio as a share of a hundred, to three digits: `12 %`, `0.34 %`, `33.3 %`. */
export function formatShare(ratio: number): string {
  return `${Number((ratio * 100).toPrecision(3))} %`;
}
