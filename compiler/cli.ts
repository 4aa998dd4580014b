#!/usr/bin/env node
import { isatty } from 'node:tty';
import { run } from './command-line.ts';

// A reader that has gone (`qcc build ... | head`) is no reason to stop the work or to complain.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

// The code was bundled: what is loaded from here on, which is nearly all of it, tells its places by the sources.
if ((process.env['QCC_DEBUG'] ?? '') !== '') process.setSourceMapsEnabled(true);

process.exitCode = await run(process.argv.slice(2), {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  env: process.env,
  outIsTerminal: isatty(1),
  errIsTerminal: isatty(2),
  columns: process.stdout.columns > 0 ? process.stdout.columns : undefined,
});
