import * as z from 'zod';

const count = z.int().min(0);

/** What a device file holds: one FPGA, as its data sheet counts it. */
export const deviceSchema = z.strictObject({
  /** As `--device` takes it; the file's name. */
  name: z.string().regex(/^[a-z0-9-]+$/),
  /** Vendor, family and part, and boards that carry it. */
  title: z.string().min(1),
  vendor: z.enum(['amd', 'lattice', 'intel', 'gowin']),
  /** `amd` if the units' cells for AMD devices (LUT6_2, CARRY8) exist on it, which UltraScale and later have; its designs are counted in that form. */
  form: z.enum(['portable', 'amd']).default('portable'),
  /**
   * Lookup tables with their number of inputs. An Intel ALM counts as one of six inputs. `perSix`: how many of four inputs stand for one
   * of six, by synthesis of whole designs (docs/devices.md).
   */
  lut: z.discriminatedUnion('inputs', [
    z.strictObject({ inputs: z.literal(6), count: z.int().min(1) }),
    z.strictObject({ inputs: z.literal(4), count: z.int().min(1), perSix: z.number().min(1).max(4) }),
  ]),
  /**
   * Nanoseconds, at a usual speed grade and temperature: of a level of logic, which is a LUT of six inputs with the wire to it (or as many LUTs
   * of four as stand for one in a row), and of what each register adds to a way, clock to output and setup with clock uncertainty.
   */
  delay: z.strictObject({ level: z.number().positive(), register: z.number().positive() }),
  /** Flip-flops. */
  ff: z.int().min(1),
  /** Block memories: bits of one, with parity bits where they can carry data; `halves` if one works as two of half the size. */
  memory: z.strictObject({
    name: z.string().min(1),
    bits: z.int().min(1),
    count,
    halves: z.boolean(),
  }),
  /** Multipliers: how many, and the widths of their signed operands. */
  dsp: z.strictObject({ name: z.string().min(1), count, a: z.int().min(1), b: z.int().min(1) }).nullable(),
});

/** An FPGA. */
export type Device = z.infer<typeof deviceSchema>;
