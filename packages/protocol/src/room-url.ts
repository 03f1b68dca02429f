/** Placeholder until written in full below. */
export {};
