/** Undoes what a test has done, the newest first. A step that fails makes the test red, and keeps no other from its turn. */
export async function undoAll(steps: readonly (() => unknown)[]): Promise<void> {
  const problems: unknown[] = [];
  for (const step of steps.toReversed()) {
    try {
      await step();
    } catch (problem) {
      problems.push(problem);
    }
  }
  if (problems.length > 0) throw new AggregateError(problems, problems.map(String).join('; '));
}
