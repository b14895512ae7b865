/** Exports a group into a store that never gets to the end, until it is killed. */
import { setTimeout as sleep } from 'node:timers/promises';
import { exportGraph } from '../../../src/archive/export.ts';
import { folderStore } from '../../../src/archive/stores/folder.ts';
import { openGraphs } from '../../../src/graph/graphs.ts';

const { PLACE = '', PORT = '', GROUP = '' } = process.env;
const store = folderStore(PLACE);
const graphs = openGraphs({ host: '127.0.0.1', port: Number(PORT), tls: false });
await exportGraph(
  graphs.group(GROUP),
  {
    ...store,
    put: (name, content) =>
      store.put(
        name,
        (async function* () {
          for await (const piece of content) {
            yield piece;
            await sleep(600_000);
          }
        })(),
      ),
  },
  () => {},
);
