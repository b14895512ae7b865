// Loaded into a process before everything else: at the end it lists the packages of which the main thread loaded a module.
import { registerHooks } from 'node:module';
import { isMainThread } from 'node:worker_threads';

const packages = new Set();

if (isMainThread) {
  registerHooks({
    load(url, context, next) {
      const [, name] = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url) ?? [];
      if (name) packages.add(name);
      return next(url, context);
    },
  });
  process.on('exit', () => process.stderr.write(`\nloaded packages: ${JSON.stringify([...packages])}\n`));
}
