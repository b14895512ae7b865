const CODE = `
  if (process.argv[2] === 'worker') {
    setInterval(() => {}, 2 ** 30);
    await new Promise(() => {});
  }`;

/** NODE_OPTIONS with which a worker never becomes ready, so that `up` is still waiting for the worker however fast the machine is. */
export const HANGING_WORKER = `--import=data:text/javascript,${encodeURIComponent(CODE)}`;
