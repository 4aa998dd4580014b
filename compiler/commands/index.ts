import { build } from './build.ts';
import { check } from './check.ts';
import { compare } from './compare.ts';
import type { Command } from './command.ts';
import { doctor } from './doctor.ts';
import { explore } from './explore.ts';
import { importCommand } from './import.ts';
import { quantize } from './quantize.ts';
import { sim } from './sim.ts';

/** All commands, in the order in which help lists them. Each loads what it works with only when it runs. */
export const commands: readonly Command[] = [
  importCommand,
  quantize,
  compare,
  check,
  build,
  sim,
  explore,
  doctor,
];
