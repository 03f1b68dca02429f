export { type BuildOptions, type Bundle, build } from './bundle.ts';
export { BuildError, formatProblem, type Problem } from './problem.ts';
