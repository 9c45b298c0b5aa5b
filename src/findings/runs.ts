/**
 * Indices that stay as lengths of runs, those that stay first: of 9 indices 0, 1, 2, 5, 6, 7, 8 are [3, 2, 4].
 *
 * @param kept ascending
 */
export function runsOf(kept: readonly number[], length: number): number[] {
  const runs: number[] = [];
  const stays = new Uint8Array(length);
  for (const index of kept) stays[index] = 1;
  let is = 1;
  let run = 0;
  for (const stay of stays) {
    if (stay !== is) {
      runs.push(run);
      run = 0;
      is = stay;
    }
    run += 1;
  }
  runs.push(run);
  return runs;
}
