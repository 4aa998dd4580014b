import * as z from 'zod';

const count = z.number().min(0);

const costSchema = z.object({
  /** 6-input lookup tables. */
  lut: count,
  ff: count,
  /** 36 Kib block RAMs, in halves. */
  bram36: count,
  dsp: count,
});

const foldingSchema = z.object({
  style: z.enum(['folded', 'unrolled']),
  pe: z.int().min(1),
  simd: z.int().min(1),
  order: z.enum(['output', 'input']),
  /** Which of its ways of working a unit takes, where it has several. */
  variant: z.string().optional(),
});

/** An entry of a folding file (docs/folding.md). */
const entrySchema = z.object({
  unit: z.string().optional(),
  ...foldingSchema.partial().shape,
  lanes: z.int().min(1).optional(),
  fork: z.object({ lanes: z.int().min(1), rows: z.int().min(1).optional() }).optional(),
});

const storageSchema = z.object({
  /** Weights, zeros too. */
  weights: z.int().min(1),
  /** Bits of memory that they take, with the indices of sparse ones; 0 where they are constants in logic. */
  bits: z.int().min(0),
  bitsPerWeight: count,
});

/** A layer of the source model, whatever matrices have been made of its weights. */
const storedLayerSchema = z.object({
  layer: z.string(),
  /** The instances of its products. */
  instances: z.array(z.string()),
  /** Weights of the layer as the model has them: outputs times inputs. */
  weights: z.int().min(1),
  /** Bits of memory of its matrices, with the indices of sparse ones; 0 where they are constants in logic. */
  bits: z.int().min(0),
  /** Bits of memory of the factors that sums of bases are multiplied by. */
  factorBits: z.int().min(0),
  /** Bits a weight of the layer, factors left out. */
  bitsPerWeight: count,
});

const layerSchema = z.object({
  instance: z.string(),
  unit: z.string(),
  /** QIR nodes it implements, and the nodes of the source model behind them; both empty for plumbing. */
  nodes: z.array(z.string()),
  source: z.array(z.string()),
  shape: z.object({ inputs: z.int().min(1), outputs: z.int().min(1) }),
  types: z.object({ input: z.string(), weights: z.string().optional(), output: z.string() }),
  folding: foldingSchema.optional(),
  /** Cycles from one frame to the next, and from the input that the first output needs to that output. */
  cycles: z.int().min(1),
  latency: z.int().min(0),
  cost: costSchema,
  /** Of the matrix that the instance multiplies with; absent where it has none. */
  storage: storageSchema.optional(),
  /** Multiply-accumulates a frame. */
  operations: count,
});

const utilizationSchema = z.object({
  /** As the cost models count: 6-input lookup tables, 36 Kib block RAMs. */
  used: count,
  available: count,
  /** Of what is there, to a tenth; null where there is none and none is used. */
  percent: count.nullable(),
});

/** What was compared with what, and on how much. */
const checkSchema = z.object({
  /** Levels compared, in order: `reference`, `cycle`, `verilator`, `expected`. */
  levels: z.array(z.string()).min(1),
  compared: z.enum(['values', 'cycles', 'labels']),
  frames: z.int().min(1),
  /** Numbers compared: output values, or cycle stamps of beats; for labels the number that is right. */
  count: z.int().min(0),
  equal: z.boolean(),
  /** One sentence for a person. */
  text: z.string(),
});

const placeSchema = z.looseObject({ kind: z.string() });
const noteSchema = z.looseObject({
  code: z.string(),
  severity: z.enum(['error', 'warning', 'note']),
  message: z.string(),
  where: placeSchema.optional(),
  help: z.string().optional(),
});

/** The JSON report of a compilation; the other forms are views of it. `format` changes when the meaning of a field does. */
export const reportSchema = z.object({
  format: z.literal(1),
  /** Version of qcc. */
  qcc: z.string(),
  model: z.object({
    name: z.string(),
    inputs: z.array(
      z.object({ name: z.string(), type: z.string(), scale: z.string(), zeroPoint: z.number() }),
    ),
    outputs: z.array(
      z.object({
        name: z.string(),
        type: z.string(),
        scale: z.string(),
        zeroPoint: z.number(),
        offset: z.number(),
        /** What the host has left to do, a sentence a step. */
        host: z.array(z.string()),
      }),
    ),
    weights: z.int().min(0),
  }),
  clockMhz: z.number().positive(),
  /** The instances that compute, in order. */
  layers: z.array(layerSchema),
  /** The instances that only move data: stream adapters, width converters, FIFOs. */
  plumbing: z.array(layerSchema),
  total: costSchema.extend({ operations: count }),
  /** The weights of all layers together, and layer by layer as the source model has them; absent if there are none. */
  storage: storageSchema
    .extend({ factorBits: z.int().min(0), layers: z.array(storedLayerSchema) })
    .optional(),
  /** What the resources are: estimates before synthesis of one form of the Verilog, and how far such totals are off. */
  estimates: z.object({
    form: z.enum(['portable', 'amd']),
    /** Median of |estimate / synthesized - 1| over so many networks. */
    medianError: z.object({ networks: z.int().min(1), lut: z.number(), ff: z.number() }),
  }),
  /** How full the device is that was asked for. */
  device: z
    .object({
      name: z.string(),
      title: z.string(),
      lut: utilizationSchema,
      ff: utilizationSchema,
      bram36: utilizationSchema,
      dsp: utilizationSchema,
    })
    .optional(),
  performance: z.object({
    /** Cycles from one frame to the next, and of the first frame from its first beat in to its last beat out. */
    initiationInterval: z.int().min(1),
    latency: z.int().min(1),
    framesPerSecond: count,
    latencyMicroseconds: count,
    /** Multiplications and additions a second, each counted as one. */
    operationsPerSecond: count,
    binding: z.object({ instance: z.string(), unit: z.string(), cycles: z.int().min(1) }),
  }),
  /** The folding of every layer and every input by its QIR name: a folding file that gives this same design. */
  folding: z.record(z.string(), entrySchema),
  notes: z.array(noteSchema),
  checks: z.array(checkSchema),
});

export type Report = z.infer<typeof reportSchema>;
export type Utilization = z.infer<typeof utilizationSchema>;
export type ReportLayer = z.infer<typeof layerSchema>;
export type StoredLayer = z.infer<typeof storedLayerSchema>;
export type Check = z.infer<typeof checkSchema>;
