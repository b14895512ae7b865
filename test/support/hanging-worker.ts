const CODE = `
  if (process.argv[2] === 'worker') {
    setInterval(() => {}, 2 ** 30);
    await new Promise(() => {});
  }`;

/** NODE_OPTIONS that keep a worker from becoming ready, so that `up` still waits for the worker even on a fast machine. */
export const HANGING_WORKER = `--import=data:text/javascript,${encodeURIComponent(CODE)}`;
