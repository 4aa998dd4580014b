/** The lines of ARCHITECTURE.md, section "Dependencies": they point one way, and what checks what stays independent. */
const layer = (name, from, to, comment) => ({
  name,
  severity: 'error',
  comment,
  from: { path: from },
  to: { path: to },
});

/** The top: what may use everything below it. */
const top =
  '^compiler/(cli|command-line|driver|pipeline|build|simulate|compare|expect|index)\\.ts$|^compiler/commands/';
const stages = '^compiler/(frontend|passes|lower|emit|report|data|devices)/';

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      severity: 'error',
      comment: 'Files that need each other belong together.',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    layer(
      'commands-on-top',
      '^(?!compiler/(cli|command-line)\\.ts$|compiler/commands/|scripts/|test/)',
      '^compiler/commands/',
      'Only the command line uses commands.',
    ),
    layer(
      'driver-above-stages',
      `${stages}|^compiler/(qir|hw|diagnostics)/`,
      top,
      'Stages do not know the spine that runs them. (quantize stands beside the driver: it runs the passes itself.)',
    ),
    layer(
      'contracts-below-stages',
      '^compiler/(qir|hw|diagnostics)/',
      stages,
      'QIR and the hardware graph know no stage.',
    ),
    layer(
      'diagnostics-at-the-bottom',
      '^compiler/diagnostics/',
      '^(compiler/(?!diagnostics/)|templates/|sim/)',
      'Diagnostics use nothing of qcc but types.',
    ),
    layer(
      'units-know-no-op',
      '^templates/',
      '^compiler/qir/(ops/|evaluate)',
      'The meaning of an op and the unit that computes it are two independent opinions; the comparison of them is the proof.',
    ),
    layer(
      'units-know-no-stage',
      '^templates/',
      '^compiler/(frontend|passes|lower|emit|report|commands)/',
      'A unit is used through its definition.',
    ),
    layer(
      'simulation-knows-no-emitter',
      '^sim/',
      '^compiler/emit/',
      'Simulation and emission take the same hardware graph, not each other.',
    ),
    layer(
      'simulation-knows-no-op',
      '^sim/',
      '^compiler/qir/(ops/|evaluate)',
      'The engine computes by the units, not by the evaluator.',
    ),
    layer(
      'stages-apart',
      '^compiler/(frontend|passes)/',
      '^compiler/(lower|emit|report)/',
      'The front half does not know the back half.',
    ),
    {
      name: 'plots-apart',
      severity: 'error',
      comment:
        'The plotting library is large; the files that use it are loaded only when a plot is asked for.',
      from: { path: '^(compiler|templates|sim)/', pathNot: '^compiler/report/(compare-)?plot\\.ts$' },
      to: { path: 'node_modules/echarts/' },
    },
    {
      name: 'plots-late',
      severity: 'error',
      from: {},
      to: { path: '^compiler/report/(compare-)?plot\\.ts$', dependencyTypesNot: ['dynamic-import'] },
    },
    {
      name: 'no-test-code',
      severity: 'error',
      from: { path: '^(compiler|templates|sim)/' },
      to: { path: '^(test|bench|scripts|examples)/' },
    },
    {
      name: 'known-packages-only',
      severity: 'error',
      comment: 'What is shipped depends on what package.json lists as dependencies.',
      from: { path: '^(compiler|templates|sim)/' },
      to: {
        dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown', 'unknown', 'undetermined'],
        pathNot: '\\.d\\.(c|m)?ts$',
        dependencyTypesNot: ['type-only'],
      },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(sim/wasm|dist)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
