import { BuildError, build, formatProblem } from '../build/index.ts';
import { check } from './check.ts';

/** `node main.ts <folder with app.json>`: builds and checks a mini program; prints what is wrong and ends with 1. */
const root = process.argv[2];
if (root === undefined) {
  console.error('usage: node test/mp-host/src/check/main.ts <folder with app.json>');
  process.exit(64);
}
try {
  await build({ root });
  const problems = await check({ root });
  for (const problem of problems) console.error(formatProblem(problem));
  process.exitCode = problems.length === 0 ? 0 : 1;
} catch (error) {
  if (!(error instanceof BuildError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
