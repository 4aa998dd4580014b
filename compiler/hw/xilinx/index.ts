/** Binary dot products from LUT6_2 cells and carry chains, for AMD/Xilinx devices. */
export { MAX_CONSTANT_STEPS, xnorConst } from './constant.ts';
export type { ConstantOptions, ConstantOutput, WeightBit } from './constant.ts';
export type { CarryChain, CarrySlot, LutCell, Net, Netlist, Port } from './netlist.ts';
export { printBody } from './print.ts';
export type { CarryCell, PrintOptions } from './print.ts';
export { simulator } from './simulate.ts';
export type { PortWords } from './simulate.ts';
export { netlistStats } from './stats.ts';
export type { NetlistStats } from './stats.ts';
export { bitsFor, xnorAccumulate } from './xnor.ts';
export type { XnorOptions } from './xnor.ts';
