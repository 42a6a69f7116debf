import { requireFinite } from './arguments.js';

/**
 * The point between `inside` (where `beyond` is false) and `outside` (taken as beyond without a look) at which
 * `beyond` turns true, to the last bit; the side that is not beyond. Either may be the larger.
 * @throws StatisticsError NotFinite.
 */
export function bisect(outside: number, inside: number, beyond: (value: number) => boolean): number {
  requireFinite('outside', outside);
  requireFinite('inside', inside);
  let far = outside;
  let near = inside;
  for (;;) {
    const middle = near + (far - near) / 2;
    if (middle === near || middle === far) return near;
    if (beyond(middle)) far = middle;
    else near = middle;
  }
}
