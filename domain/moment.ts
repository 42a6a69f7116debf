/** A moment for people, to the second, in UTC: `2026-11-25 22:52:10`. */
export function moment(atMs: number): string {
  return new Date(atMs).toISOString().replace('T', ' ').slice(0, 19);
}
