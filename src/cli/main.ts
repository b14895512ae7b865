#!/usr/bin/env -S node --min-semi-space-size=16
// The flag saves five small garbage collections at the start, 10 ms in total.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
const [name, ...args] = process.argv.slice(2);
/** Whether something that was printed could not be written. */
let isOutputLost = false;

// No top-level await: the bundle is CommonJS, which starts faster but does not support it.
if (major < 22 || (major === 22 && minor < 18)) {
  import('./startup/newer-node.ts').then(({ runWithNewerNode }) =>
    runWithNewerNode(process.argv[1] ?? '', process.argv.slice(2)),
  );
} else {
  // Compiled code is cached between runs, which saves a third of the start time. Only imports after this line benefit, so nothing is
  // imported above.
  process.getBuiltinModule('node:module').enableCompileCache();
  start();
}

/** Someone waits for hooks and queries, so these load little if they can. All other calls, and what these cannot do, are `run`'s. */
async function start(): Promise<void> {
  if (name === 'hook') {
    const { handleHookEvent, hookCallOf } = await import('./hook-event.ts');
    const call = hookCallOf(args);
    if (call) {
      process.exitCode = await handleHookEvent(call.name, call.options);
      return;
    }
  }
  if (name === 'query') {
    const { printAnswerOfWorker } = await import('./ask-query.ts');
    if (await printAnswerOfWorker(args, process.env, openStdout)) return;
  }
  openStdout();
  const { run } = await import('./run.ts');
  const status = await run(process.argv.slice(2));
  process.exitCode = isOutputLost ? 1 : status;
}

/**
 * Standard output as a stream, which takes time to load. If its reader has closed the pipe (`… | head -1`), the command still ends with its
 * own status. Any other failure, such as a full disk, is reported once.
 */
function openStdout(): NodeJS.WriteStream {
  return process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE' || isOutputLost) return;
    isOutputLost = true;
    process.exitCode = 1;
    import('./run.ts').then(({ outputSentence }) => console.error(outputSentence(error)));
  });
}
