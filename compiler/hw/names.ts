import { createHash } from 'node:crypto';

/** Longest identifier that qcc makes. The top module's name and an instance's name together stay below the vendors' limits. */
export const maxIdentifierLength = 48;

/** Reserved words of Verilog-2005, SystemVerilog-2017 and VHDL-2008, lower case: a generated name is none of them in any case. */
const reserved: ReadonlySet<string> = new Set(
  // Verilog-2005
  (
    'always and assign automatic begin buf bufif0 bufif1 case casex casez cell cmos config deassign default defparam design ' +
    'disable edge else end endcase endconfig endfunction endgenerate endmodule endprimitive endspecify endtable endtask event ' +
    'for force forever fork function generate genvar highz0 highz1 if ifnone incdir include initial inout input instance ' +
    'integer join large liblist library localparam macromodule medium module nand negedge nmos nor noshowcancelled not notif0 ' +
    'notif1 or output parameter pmos posedge primitive pull0 pull1 pulldown pullup pulsestyle_ondetect pulsestyle_onevent ' +
    'rcmos real realtime reg release repeat rnmos rpmos rtran rtranif0 rtranif1 scalared showcancelled signed small specify ' +
    'specparam strong0 strong1 supply0 supply1 table task time tran tranif0 tranif1 tri tri0 tri1 triand trior trireg ' +
    'unsigned use uwire vectored wait wand weak0 weak1 while wire wor xnor xor ' +
    // SystemVerilog-2017
    'accept_on alias always_comb always_ff always_latch assert assume before bind bins binsof bit break byte chandle checker ' +
    'class clocking const constraint context continue cover covergroup coverpoint cross dist do endchecker endclass ' +
    'endclocking endgroup endinterface endpackage endprogram endproperty endsequence enum eventually expect export extends ' +
    'extern final first_match foreach forkjoin global iff ignore_bins illegal_bins implements implies import inside int ' +
    'interconnect interface intersect join_any join_none let local logic longint matches modport nettype new nexttime null ' +
    'package packed priority program property protected pure rand randc randcase randsequence ref reject_on restrict return ' +
    's_always s_eventually s_nexttime s_until s_until_with sequence shortint shortreal soft solve static string strong struct ' +
    'super sync_accept_on sync_reject_on tagged this throughout timeprecision timeunit type typedef union unique unique0 ' +
    'until until_with untyped var virtual void wait_order weak wildcard with within ' +
    // VHDL-2008
    'abs access after all architecture array assume_guarantee attribute block body buffer bus component configuration ' +
    'constant disconnect downto elsif entity exit fairness file generic group guarded impure in inertial is label linkage ' +
    'literal loop map mod next nor of on open others out port postponed procedure process range record register reject rem ' +
    'report restrict_guarantee return rol ror select severity shared signal sla sll sra srl subtype then to transport ' +
    'unaffected units variable vmode vprop vunit when ' +
    // names that the generated top and its parts use themselves
    'aclk aresetn clk rst_n work std ieee'
  ).split(' '),
);

/**
 * Words that tools take for a directive where they begin a comment, whatever follows them: no name that qcc makes begins with one, so
 * that every name may begin a comment.
 */
const directive = '(?:verilator|synopsys|synthesis|pragma|translate_o|ambit|cadence|exemplar)';
const startsDirective = new RegExp(`^${directive}`, 'i');
const directives = new RegExp(`\\b(${directive})`, 'gi');

/** Whether `name` is a legal identifier in Verilog and VHDL, reserved in neither, and may begin a comment. */
export function isVerilogIdentifier(name: string): boolean {
  const legal = /^[A-Za-z](_?[A-Za-z0-9])*$/.test(name) && !startsDirective.test(name);
  return legal && !reserved.has(name.toLowerCase());
}

/**
 * Makes a Verilog identifier out of any text: letters, digits and single underscores, at most 48 characters, no reserved word
 * of Verilog, SystemVerilog or VHDL. Never equal to a member of `taken`, upper and lower case apart or not (VHDL and some file
 * systems do not tell them apart), and added to it. The same calls in the same order give the same names.
 *
 * @param text - a name out of a model, of any length and content.
 * @param taken - lower-case names already in use; the result is added.
 */
export function verilogIdentifier(text: string, taken: Set<string>): string {
  const legal = text
    .slice(0, 4096)
    .normalize('NFKD')
    .replace(/[^A-Za-z0-9_]+/g, '_')
    .replace(/_+/g, '_')
    .replace(/^_|_$/g, '');
  let base = legal === '' || /^[0-9]/.test(legal) ? `n${legal}` : legal;
  if (startsDirective.test(base)) base = `n_${base}`;
  if (base.length > maxIdentifierLength || text.length > 4096) {
    // A digest of the whole name keeps long names with equal beginnings apart, whatever the order they come in.
    const digest = createHash('sha256').update(text).digest('hex').slice(0, 8);
    base = `${base.slice(0, maxIdentifierLength - 9).replace(/_$/, '')}_${digest}`;
  }
  if (reserved.has(base.toLowerCase())) base = `${base}_n`;
  let name = base;
  for (let count = 2; taken.has(name.toLowerCase()); count++) {
    const suffix = `_${count}`;
    name = base.slice(0, maxIdentifierLength - suffix.length) + suffix;
  }
  taken.add(name.toLowerCase());
  return name;
}

/**
 * Text that may stand in a one-line comment of any language that qcc writes: printable ASCII only, no line break, nothing that
 * opens or closes a comment, no backslash (which continues a line), no backtick (a Verilog directive), at most 200 characters.
 */
export function safeComment(text: string): string {
  const safe = text
    .slice(0, 1000)
    .replace(/[^\x20-\x7e]|[\\`]/g, '?')
    .replace(/\*\//g, '* /')
    .replace(/\/(?=[*/])/g, '/ ')
    // Verilator, Verific and others take these words at a comment's start for directives
    .replace(directives, (word) => `'${word}'`);
  return safe.length > 200 ? `${safe.slice(0, 197)}...` : safe;
}
