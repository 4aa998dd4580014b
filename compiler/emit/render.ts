import { fileURLToPath } from 'node:url';
import nunjucks from 'nunjucks';
import { InternalError } from '../diagnostics/index.ts';
import type { TemplateView } from '../hw/index.ts';
import { CompiledLoader, templateOptions } from './compiled-templates.ts';

/** Renders one template file (path relative to the renderer's roots) with the fields of `view` as its root context. */
export type Renderer = (template: string, view: TemplateView) => string;

/** What nunjucks itself asks of any value, and what may be absent. */
const probes: ReadonlySet<PropertyKey> = new Set(['constructor', 'toJSON', 'then']);

/** Everything in a view must be printable as it is: an absent field or a NaN is a bug in the unit that made it. */
function checked(value: unknown, path: string): void {
  if (value === undefined) throw new InternalError(`template field ${path} is undefined`);
  if (typeof value === 'number' && !Number.isFinite(value))
    throw new InternalError(`template field ${path} is ${value}`);
  if (typeof value === 'function' || typeof value === 'symbol') {
    throw new InternalError(`template field ${path} is a ${typeof value}, not data`);
  }
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) value.forEach((inner, index) => checked(inner, `${path}[${index}]`));
  else for (const [key, inner] of Object.entries(value)) checked(inner, path === '' ? key : `${path}.${key}`);
}

/** Wraps an object so that reading a field it does not have throws, at any depth. */
function strict(value: unknown, path: string): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const isArray = Array.isArray(value);
  return new Proxy(value, {
    get(target, key) {
      const inner: unknown = Reflect.get(target, key);
      if (typeof key === 'symbol' || probes.has(key)) return inner;
      // Array methods (join, length) are the array's own business; a plain object offers its own fields only.
      if (Object.hasOwn(target, key)) return strict(inner, isArray ? `${path}[${key}]` : `${path}.${key}`);
      if (isArray && inner !== undefined) return inner;
      throw new InternalError(`template reads ${path}.${key}, which its view does not have`);
    },
  });
}

/**
 * Makes a renderer over template folders. Templates hold no arithmetic and cannot go wrong silently: a field that the view does
 * not have throws wherever it stands (printed, tested or looped over), as does a printed null and a NaN anywhere in a view.
 *
 * @param roots - folders that template paths are relative to; they stand inside qcc, never in user space.
 */
export function createRenderer(roots: readonly URL[]): Renderer {
  const files = new nunjucks.FileSystemLoader(roots.map((root) => fileURLToPath(root)));
  const environment = new nunjucks.Environment([new CompiledLoader(roots), files], templateOptions);
  // nunjucks copies the root context, so a proxy around it would be lost; a name that the context lacks is looked up among the
  // globals instead. With globals that claim every name, a misspelt root field ends here rather than as a silent `undefined`.
  const globals = new Proxy(Object.create(null) as Record<string, unknown>, {
    has: () => true,
    get(_target, key) {
      throw new InternalError(`template reads ${String(key)}, which its view does not have`);
    },
  });
  Object.assign(environment, { globals });
  return (template, view) => {
    checked(view, '');
    const context: Record<string, unknown> = {};
    for (const [key, value] of Object.entries(view)) context[key] = strict(value, key);
    try {
      return environment.render(template, context);
    } catch (error) {
      // nunjucks wraps what a template throws in an error of its own; the message names the template and the line
      const text = error instanceof Error ? error.message : String(error);
      throw new InternalError(`template ${template}: ${text}`, { cause: error });
    }
  };
}
