import { startServers } from '../../../src/embedded/servers.ts';

/** Starts both servers, says which, and then does what its argument says. */
const [fate, dataFolder] = process.argv.slice(2);
const env = { ...process.env, FALKORDB_HOST: '', FALKORDB_PORT: '', VALKEY_HOST: '', VALKEY_PORT: '' };
const servers = await startServers({ env, dataFolder, detached: fate === 'leave them' });
if (!servers.own) throw new Error('the environment names servers');
const { valkey, falkordb } = servers;
process.stdout.write(`${JSON.stringify({ pids: [valkey.pid, falkordb.pid], folder: valkey.dataFolder })}\n`);
if (fate === 'throw') queueMicrotask(() => Promise.reject(new Error('on purpose')));
if (fate === 'wait') setInterval(() => {}, 1000);
