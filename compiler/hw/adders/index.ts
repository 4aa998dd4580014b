/** Matrices of constants as graphs of shared sums. */
export * from './graph.ts';
export { signedDigits, termsOf } from './digits.ts';
export { share } from './share.ts';
export { shareMatrix } from './matrix.ts';
export type { Strategy } from './matrix.ts';
