import { defineDiagnostic } from '../diagnostic.ts';

/** A parameter of a hardware unit's instance is missing or out of range. */
export const badUnitParameter = defineDiagnostic(
  {
    code: 'QCC4001',
    severity: 'error',
    title: 'Parameter of a hardware unit out of range',
    doc: 'A hand-written hardware graph or folding file gives a unit a parameter that it cannot be built with.',
  },
  (node: { readonly name: string; readonly unit: string }, parameter: string, problem: string) => ({
    message: `unit ${node.unit} cannot be built with this ${parameter === '' ? 'set of parameters' : `'${parameter}'`}`,
    where: { kind: 'unit', instance: node.name, unit: node.unit },
    found: problem,
    help: "the README.md in the unit's folder lists its parameters and their ranges",
  }),
);

/** A unit that implements an operation cannot take this particular use of it. */
export const unitCannotImplement = defineDiagnostic(
  {
    code: 'QCC4002',
    severity: 'error',
    title: 'No hardware unit for this use of an operation',
    doc: 'A hardware unit exists for the operation, but not for operands of this type or shape.',
  },
  (unit: string, value: string, found: string, expected: string) => ({
    message: `unit ${unit} cannot compute %${value}`,
    where: { kind: 'unit', instance: value, unit },
    found,
    expected,
  }),
);
