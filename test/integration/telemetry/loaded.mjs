// Loaded into a process before everything else: says at the end which of these packages were loaded.
import nodeModule from 'node:module';

const PACKAGES = ['dd-trace', 'pino', 'pino-pretty', 'prom-client'];

process.on('exit', () => {
  const files = Object.keys(nodeModule._cache).map((file) => file.replaceAll('\\', '/'));
  const loaded = PACKAGES.filter((name) => files.some((file) => file.includes(`/node_modules/${name}/`)));
  process.stderr.write(`loaded: ${loaded.join(' ')}\n`);
});
