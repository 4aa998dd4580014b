import type { MethodOption } from '../method.ts';
import type { Scope } from '../weights/index.ts';

/** What shares a scale. */
export const scopeOption = (standard: Scope): MethodOption => ({
  kind: 'choice',
  describe: 'What shares a scale: the weights of a layer, or those of an output channel (a filter)',
  choices: ['layer', 'filter'],
  standard,
});

/** How many matrices of signs. */
export const bases: MethodOption = {
  kind: 'number',
  describe: 'Matrices of signs that a layer is a sum of',
  least: 1,
  most: 16,
  integer: true,
  standard: 2,
};

/** Activations of 8 bits, unsigned where nothing is negative, with any scales. */
export const eightBits = { scales: 'float32', levels: 'uint8' } as const;

/** Activations of 8 bits with scales that are powers of two, so that nothing but shifts stands between layers. */
export const shifts = { scales: 'pow2', levels: 'uint8' } as const;
