import { expect, test } from 'vitest';
import { openPrometheus } from '../../../src/telemetry/prometheus.ts';
import { reportServers } from '../../../workers/gauges.ts';

const up = async () => undefined;
const down = async () => {
  throw new Error('away');
};

test('a metric shows which server responds, even while the other one is down', async () => {
  const prometheus = openPrometheus();

  await reportServers({ valkey: up, falkordb: down }, prometheus);
  const before = await prometheus.text();
  await reportServers({ valkey: down, falkordb: up }, prometheus);
  const after = await prometheus.text();

  expect(before).toContain(
    'opencode_memory_server_up{server="valkey"} 1\nopencode_memory_server_up{server="falkordb"} 0',
  );
  expect(after).toContain(
    'opencode_memory_server_up{server="valkey"} 0\nopencode_memory_server_up{server="falkordb"} 1',
  );
});
