// Random networks through all engines until it is stopped or finds a difference:
//
//   node --import ./scripts/ts.mjs scripts/fuzz.ts [FIRST_SEED]
//
// Every round draws its networks from one seed, printed with it; a failing network is made smaller and kept in test/fuzz/fixtures,
// where the tests take it from.
import { fuzzRound } from '../test/fuzz/run.ts';

const first = Number(process.argv[2] ?? Math.floor(Math.random() * 2 ** 31));
const started = performance.now();
let [passed, refused, frames] = [0, 0, 0];
for (let seed = first; ; seed++) {
  try {
    // mostly networks of a few neurons, whose Verilog builds quickly; every fourth round larger ones
    const large = seed % 4 === 0;
    const round = await fuzzRound({
      seed,
      kind: seed % 3 === 0 ? 'dense' : 'images',
      networks: large ? 4 : 10,
      size: large ? 70 : 20,
      rtl: true,
    });
    passed += round.passed;
    refused += round.refused;
    frames += 1;
    const minutes = ((performance.now() - started) / 60_000).toFixed(1);
    console.log(
      `seed ${seed}: ${passed} networks equal, ${refused} refused, ${frames} rounds in ${minutes} min`,
    );
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    process.exit(1);
  }
}
