import { Worker } from 'node:worker_threads';
import { fromSource, root } from '../root.ts';
import { harnessSource, type HarnessRequest } from './harness.ts';

/**
 * `harnessSource` in a thread of its own: ts-morph takes as long to load and to print as the RTL of a middling design, and nothing else waits
 * for it. Sources that are run without having been built (`.ts`) have no file that a thread could start from, and are run here.
 */
export async function harnessBeside(request: HarnessRequest): Promise<string> {
  if (fromSource) return harnessSource(request);
  return await new Promise((resolve, reject) => {
    const thread = new Worker(new URL('compiler/emit/harness-worker.js', root), { workerData: request });
    thread.once('message', resolve);
    thread.once('error', reject);
    // after a message this comes too late to matter
    thread.once('exit', (status) => {
      reject(new Error(`the thread that writes the harness ended with status ${status}`));
    });
  });
}
