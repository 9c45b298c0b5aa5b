/** Long work that may be left between its steps, so that whoever carries it out decides how long it holds the event loop. */
export type Steps<T> = Generator<undefined, T, undefined>;

/** Carries all steps out at once. */
export function finished<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}
