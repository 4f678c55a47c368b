// How far a new order of rows is from the one on screen.

/**
 * The number of updates that "Apply" would make visible: rows that come,
 * rows that go, and the fewest rows that have to move.
 */
export function pendingUpdates(shown: readonly string[], wanted: readonly string[]): number {
  const place = new Map(wanted.map((id, index) => [id, index]));
  const kept = shown.filter((id) => place.has(id)).map((id) => place.get(id) as number);
  const gone = shown.length - kept.length;
  const come = wanted.length - kept.length;
  return gone + come + (kept.length - longestRise(kept));
}

/** Length of the longest increasing subsequence (patience sorting). */
function longestRise(numbers: readonly number[]): number {
  const tails: number[] = [];
  for (const value of numbers) {
    let low = 0;
    let high = tails.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((tails[middle] as number) < value) low = middle + 1;
      else high = middle;
    }
    tails[low] = value;
  }
  return tails.length;
}
