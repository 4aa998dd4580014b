import { parentPort, workerData } from 'node:worker_threads';
import { harnessSource, type HarnessRequest } from './harness.ts';

// The body of the thread that harness-thread.ts starts.
parentPort?.postMessage(harnessSource(workerData as HarnessRequest), []);
