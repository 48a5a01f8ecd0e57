// Runs in a thread of its own beside the cloud code: when the server is gone and user code never lets the event loop
// turn, nothing else in this process can notice.

import { isMainThread, Worker, workerData } from 'node:worker_threads';

const LOOK_MILLISECONDS = 2_000;

/** Starts to watch: the process ends this long after the one that started it. */
export function watchParent(milliseconds) {
  const options = { workerData: { parent: process.ppid, milliseconds }, resourceLimits: { maxOldGenerationSizeMb: 8, maxYoungGenerationSizeMb: 2 } };
  const thread = new Worker(new URL(import.meta.url), options);
  thread.unref();
  // Without it everything works but this.
  thread.on('error', error => console.error('The watchdog of cloud code ended:', error));
}

if (!isMainThread && workerData?.parent) {
  const { parent, milliseconds } = workerData;
  let goneSince;
  setInterval(() => {
    if (process.ppid === parent) {
      return;
    }
    goneSince ??= Date.now();
    if (Date.now() - goneSince >= milliseconds) {
      process.kill(process.pid, 'SIGKILL');
    }
  }, Math.min(LOOK_MILLISECONDS, milliseconds));
}
