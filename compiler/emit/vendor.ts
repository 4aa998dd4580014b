import { portWires, type DesignPort, type Form, type TemplateView } from '../hw/index.ts';

/** What the files beside the Verilog speak of: paths relative to the output folder, sorted. */
export interface FileLists {
  readonly rtl: readonly string[];
  readonly memories: readonly string[];
  /** Memory images of the testbench; empty if there is none. */
  readonly vectors: readonly string[];
}

/** Clock period in ns, in the shortest decimal that is exact to a femtosecond. */
export function clockPeriod(clockMhz: number): string {
  return String(Number((1000 / clockMhz).toFixed(6)));
}

/** The one view that all project and constraint templates print from; `form` is the form that their synthesis takes by itself. */
export function vendorView(
  name: string,
  version: string,
  clockMhz: number,
  ports: readonly DesignPort[],
  lists: FileLists,
  form: Form,
): TemplateView {
  const pins = ports.flatMap((port) => {
    const { valid, ready, data, last } = portWires(port);
    return [valid, ready, `${data}[*]`, ...(last === null ? [] : [last])];
  });
  return {
    name,
    version,
    clockMhz,
    period: clockPeriod(clockMhz),
    ports: ['aresetn', ...pins],
    cells: form === 'amd',
    ...lists,
  };
}

/** Template of each file beside the Verilog, by its path in the output folder. */
export function vendorFiles(name: string): readonly (readonly [path: string, template: string])[] {
  return [
    [`${name}.core`, 'fusesoc.core.njk'],
    [`constraints/${name}.xdc`, 'clock.xdc.njk'],
    [`constraints/${name}.sdc`, 'clock.sdc.njk'],
    ['vendor/vivado/build.tcl', 'vivado.tcl.njk'],
    ['vendor/quartus/build.tcl', 'quartus.tcl.njk'],
    ['vendor/yosys/synth.ys', 'yosys.ys.njk'],
  ];
}
