import type { Ora } from 'ora';
import type { Io } from './command.ts';

const patience = 1000;

/** Shows on a terminal what is being done, once it takes over a second; writes nothing anywhere else. */
export interface Progress {
  /** A phase starts. */
  readonly phase: (name: string) => void;
  /** All is done: the line disappears. */
  readonly stop: () => void;
}

const silent: Progress = { phase: () => undefined, stop: () => undefined };

/** Progress on the standard error output if it is a terminal, and none otherwise. */
export function createProgress(io: Io, wanted: boolean, now: () => number = Date.now): Progress {
  // a terminal of no width (some pseudo terminals say so) would have the spinner clear lines without end
  const narrow = !(process.stderr.columns >= 20);
  if (!wanted || narrow || !io.errIsTerminal || io.env['CI'] !== undefined || io.env['TERM'] === 'dumb')
    return silent;
  let start: number | undefined;
  let current = '';
  let spinner: Ora | undefined;
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  const show = (): void => {
    if (spinner !== undefined) {
      spinner.text = current;
      spinner.render(); // work that does not yield leaves the spinner no other chance to draw
      return;
    }
    void import('ora').then(({ default: ora }) => {
      if (!stopped) spinner ??= ora({ text: current, stream: process.stderr, discardStdin: false }).start();
    });
  };
  return {
    phase: (name) => {
      current = name;
      start ??= now();
      timer ??= setTimeout(show, patience).unref();
      if (now() - start > patience) show();
    },
    stop: () => {
      stopped = true;
      clearTimeout(timer);
      spinner?.stop();
    },
  };
}
