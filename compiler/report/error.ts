/**
 * Median of |estimate / synthesized - 1| over whole networks, as `bench/estimates.ts` and `bench/finn-networks.ts` print them: estimates
 * before synthesis against Yosys 0.23 (`synth_xilinx -flatten -noiopad -family xcup -nowidelut`), instance by instance. Reports state it.
 */
export const estimateError = {
  /** Networks that were measured: those in bench/README.md, CNV at its published rate for AMD devices, ten of them random. */
  networks: 17,
  lut: 0.06,
  ff: 0.03,
} as const;
