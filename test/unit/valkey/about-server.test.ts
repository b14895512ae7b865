import { expect, test } from 'vitest';
import { explainValkey, isAboutServer } from '../../../src/valkey/failures.ts';

const address = { host: 'here', port: 1, tls: false };
const reply = (message: string) => Object.assign(new Error(message), { name: 'ReplyError' });

test.each([
  [reply('NOAUTH Authentication required.'), 'AccessRefusedError'],
  [reply("OOM command not allowed when used memory > 'maxmemory'."), 'StoreUnreachableError'],
  [
    reply(
      'ERR Error running script (call to f_1): @user_script:1: @user_script: 1: -OOM command not allowed when used',
    ),
    'StoreUnreachableError',
  ],
  [reply('MISCONF Valkey is configured to save RDB snapshots, but it cannot.'), 'StoreUnreachableError'],
  [reply("READONLY You can't write against a read only replica."), 'StoreUnreachableError'],
  [reply('NOREPLICAS Not enough good replicas to write.'), 'StoreUnreachableError'],
  [reply('ERR WAIT cannot be used with replica instances. Please also note that …'), 'StoreUnreachableError'],
  [reply('LOADING Valkey is loading the dataset in memory'), 'StoreUnreachableError'],
  [new Error('no answer within 800 ms'), 'StoreUnreachableError'],
  [new Error('Connection is closed.'), 'StoreUnreachableError'],
  [new Error("Socket timeout. Expecting data, but didn't receive any in 4000ms."), 'StoreUnreachableError'],
])('%s is a server error and gets an explanation', (error, name) => {
  expect(isAboutServer(error)).toBe(true);
  expect(explainValkey(error, address)).toMatchObject({ name, message: expect.stringMatching(/here:1/), cause: error });
});

test.each([
  [
    'Valkey is loading the dataset in memory',
    'LOADING Valkey is loading the dataset in memory',
    'is loading its data.',
  ],
  [
    'a script while Valkey is loading',
    'ERR Error running script (call to f_1): @user_script:1: @user_script: 1: -LOADING Valkey is loading the dataset',
    'is loading its data.',
  ],
  [
    'keys on several nodes',
    "CROSSSLOT Keys in request don't hash to the same slot",
    'spreads the keys of the queues over several nodes; set MEMORY_QUEUE_PREFIX to a name in braces, like {memory}.',
  ],
  [
    'too few replicas',
    'NOREPLICAS Not enough good replicas to write.',
    'has fewer good replicas than its min-replicas-to-write demands, so it accepts no writes.',
  ],
])('%s is not reported as unreachable', (_, message, sentence) => {
  expect(explainValkey(reply(message), address)).toMatchObject({ message: `Valkey at here:1 ${sentence}` });
});

test.each([
  reply("errMsg: Invalid input 'x' errCtx: MERGE (e {content: 'NOAUTH and OOM command not allowed'})"),
  reply('WRONGTYPE Operation against a key holding the wrong kind of value'),
  new SyntaxError('Unexpected token N in JSON: "NOAUTH x"'),
  Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:443'), { code: 'ECONNREFUSED' }),
  'NOAUTH x',
  undefined,
])('%s is not a server error, whatever it quotes', (error) => {
  expect(isAboutServer(error)).toBe(false);
});
