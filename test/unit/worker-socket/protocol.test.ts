import { expect, test } from 'vitest';
import { SETTINGS } from '../../../src/settings.ts';
import { settingsIn } from '../../../src/worker-socket/protocol.ts';

test('a question names every setting of the command, and no other variable', () => {
  const set = Object.fromEntries(Object.keys(SETTINGS).map((name) => [name, 'set']));

  expect(settingsIn({ ...set, AWS_SECRET_ACCESS_KEY: 'secret', PATH: '/bin' })).toEqual(set);
});
