/**
 * Trained Group-Nets (structured binary networks: K parallel binary branches) as integer graphs.
 *
 * @packageDocumentation
 */
export { buildGroupNet } from './build.ts';
export { evaluateGroupNet } from './reference.ts';
export {
  groupNetOutputs,
  paddings,
  type Activation,
  type Base,
  type BinaryLayer,
  type Block,
  type Branch,
  type FirstLayer,
  type Group,
  type GroupNet,
  type GroupNetOutput,
  type LastLayer,
  type Norm,
  type Padding,
} from './network.ts';
export { groupBlocks, groupSizes, variants, type Variant } from './variants.ts';
