import * as z from 'zod';
import { badQuantizeConfig, quantizeConfigEntry } from '../diagnostics/catalog/quantize.ts';
import { DiagnosticError, fail } from '../diagnostics/index.ts';
import { excerpt } from '../diagnostics/wording.ts';
import { arithmetics, scaleChoices } from './method.ts';
import type { LayerRequest, QuantizeRequest } from './plan.ts';

/** Values of options of methods; which method takes which is checked when the plan is made. */
const optionValue = z.union([z.number(), z.boolean(), z.string()]);

const layerSchema = z
  .object({
    method: z.string().optional(),
    /** Exponent of 2 of the scale of the activations behind the layer. */
    activationExponent: z.int().min(-60).max(60).optional(),
  })
  .catchall(optionValue);

const configSchema = z
  .object({
    method: z.string().optional(),
    activations: z.string().optional(),
    scales: z.enum(scaleChoices).optional(),
    arithmetic: z.enum(arithmetics).optional(),
    ends: z.string().optional(),
    layers: z.record(z.string(), layerSchema).optional(),
  })
  .catchall(optionValue);

/** A configuration: what a command line may say of all layers, and more of each. */
export type QuantizeConfig = Omit<QuantizeRequest, 'method'> & { readonly method?: string };

/**
 * Reads a configuration (docs/quantize.md).
 *
 * @throws DiagnosticError QCC3614 if it is no JSON, QCC3615 for every entry that is malformed
 */
export function parseConfig(text: string, file: string): QuantizeConfig {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    return fail(badQuantizeConfig(file, error instanceof Error ? error.message : String(error)));
  }
  const parsed = configSchema.safeParse(content);
  if (!parsed.success) {
    throw new DiagnosticError(
      parsed.error.issues.map(({ path, message }) =>
        quantizeConfigEntry(file, excerpt(path.map(String).join('.') || 'the whole'), message),
      ),
    );
  }
  const { method, activations, scales, arithmetic, ends, layers, ...options } = parsed.data;
  return {
    options,
    ...(method !== undefined && { method }),
    ...(activations !== undefined && { activations }),
    ...(scales !== undefined && { scales }),
    ...(arithmetic !== undefined && { arithmetic }),
    ...(ends !== undefined && { ends }),
    ...(layers !== undefined && {
      layers: new Map(Object.entries(layers).map(([name, layer]) => [name, layerRequest(layer)])),
    }),
  };
}

function layerRequest({ method, activationExponent, ...options }: z.infer<typeof layerSchema>): LayerRequest {
  return {
    options,
    ...(method !== undefined && { method }),
    ...(activationExponent !== undefined && { exponent: activationExponent }),
  };
}
