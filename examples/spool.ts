// A producer that never waits: while Valkey is away its texts are kept on disk, and handed in later.
import { MemoryManager } from '@memory-manager/memory-manager';

// Nothing listens at port 1, as when Valkey is down.
const offline = new MemoryManager({
  group: 'example-spool',
  valkey: { host: '127.0.0.1', port: 1, tls: false },
});
const metadata = { service: 'billing', run: 4711 };
const receipt = await offline.enqueueEpisode('Lighthouse talks to Harbor over gRPC.', metadata, {
  spool: true,
  idempotencyKey: 'run-4711',
});
console.log(receipt.spooled ? 'kept on disk' : 'queued');
await offline.close();

// Any later command or program of this user, and every worker of `up`, hands in what is on disk.
const memory = new MemoryManager({ group: 'example-spool' });
await memory.drainSpool();
await memory.waitFor(receipt);
console.log(await memory.queryMemory('What does Lighthouse talk to?', 1));
await memory.close();
