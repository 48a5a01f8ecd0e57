// The program that runs cloud code: `PARSIMONY_HOST` says what to load and where to listen. With `--configuration` or
// `--index` and a file it tells what options that file makes, and ends.

const NODE_OLDEST = 20;

if (Number(process.versions.node.split('.')[0]) < NODE_OLDEST) {
  process.stderr.write(`Cloud code needs Node.js ${NODE_OLDEST} or newer; this is ${process.version}.\n`);
  process.exit(1);
}

const [kind, file] = process.argv.slice(2);
if (kind === '--configuration' || kind === '--index') {
  await tellOptions();
} else {
  await work();
}

async function tellOptions() {
  const { describe } = await import('./describe.mjs');
  let found = false;
  // What fails after the options are known fails again, and is told, in the workers.
  process.on('unhandledRejection', reason => console.error(reason));
  process.on('exit', code => (process.exitCode = code || (found ? 0 : 1)));
  try {
    await describe(kind.slice(2), file);
    found = true;
  } catch (error) {
    process.stderr.write(`${error?.message ?? error}\n`);
  }
  process.exit(found ? 0 : 1);
}

async function work() {
  const { Worker, complain } = await import('./worker.mjs');
  const settings = JSON.parse(process.env.PARSIMONY_HOST ?? '{}');
  delete process.env.PARSIMONY_HOST;
  const worker = new Worker(settings);
  // A promise that nobody waits for concerns nobody's answer: it is logged, and the calls of other callers go on. (Node
  // alone would end the process.) An exception outside of any promise leaves code half done: the server starts anew.
  process.on('unhandledRejection', reason => complain('Unhandled rejection in cloud code:', reason));
  process.on('uncaughtException', error => worker.fail(error));
  process.on('SIGTERM', () => process.exit(0));
  worker.listen();
}
