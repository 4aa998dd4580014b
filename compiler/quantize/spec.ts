import { badMethodSpec } from '../diagnostics/catalog/quantize.ts';
import { fail } from '../diagnostics/index.ts';
import { choiceOf, methodOf, type QuantizeRequest } from './plan.ts';

/** The value of an option as it is written: a number, true, or a word. */
function valueOf(text: string): number | string {
  const number = Number(text);
  return text.trim() !== '' && !Number.isNaN(number) ? number : text;
}

/**
 * Reads `inq:5`, `sketch:3:refined` or `prune:keep=0.05:survivors=inq`: a method, the value of its main option, and others by name. Beside the
 * method's own there are `activations`, `scales` and `ends`.
 *
 * @throws DiagnosticError for a method, an option or a value that there is not
 */
export function parseMethodSpec(text: string): QuantizeRequest {
  const [name = '', ...parts] = text.split(':');
  const method = methodOf(name);
  const options: Record<string, unknown> = {};
  const common: { activations?: string; ends?: string; scales?: 'float32' | 'pow2' } = {};
  for (const [index, part] of parts.entries()) {
    const [key = '', value] = part.split('=');
    if (value === undefined && method.options[key]?.kind === 'switch') options[key] = true;
    else if (value === undefined && index === 0 && method.shorthand !== undefined)
      options[method.shorthand] = valueOf(key);
    else if (value === undefined) fail(badMethodSpec(text, part, Object.keys(method.options)));
    else if (key === 'activations' || key === 'ends') common[key] = value;
    else if (key === 'scales' && (value === 'float32' || value === 'pow2')) common.scales = value;
    else options[key] = valueOf(value);
  }
  choiceOf(name, options);
  return { method: name, options, ...common };
}
