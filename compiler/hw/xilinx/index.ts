/** Binary dot products from LUT6_2 cells and carry chains, for AMD/Xilinx devices. */
export { MAX_CONSTANT_STEPS, xnorConst } from './constant.ts';
export type { ConstantOutput, WeightBit } from './constant.ts';
export type { CarryChain, LutCell, Net, Netlist } from './netlist.ts';
export { printBody } from './print.ts';
export type { PrintOptions } from './print.ts';
export { withRegisters } from './registers.ts';
export { simulator } from './simulate.ts';
export { netlistStats } from './stats.ts';
export { bitsFor, xnorAccumulate } from './xnor.ts';
export { unrolledNetlist } from './unrolled/index.ts';
export type { UnrolledProblem, UnrolledRow } from './unrolled/index.ts';
