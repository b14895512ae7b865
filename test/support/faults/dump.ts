import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Redis } from 'ioredis';

const DATABASES = 16;

/** All texts in a Valkey or Redis by key: keys, values and stream entries, without graphs. */
export async function allTexts(connection: Redis): Promise<Map<string, string>> {
  const texts = new Map<string, string>();
  for (let database = 0; database < DATABASES; database += 1) {
    if ((await connection.select(database).catch(() => '')) !== 'OK') break;
    for (const key of await connection.keys('*'))
      texts.set(`${database} ${key}`, `${key} ${await textAt(connection, key)}`);
  }
  await connection.select(0);
  return texts;
}

/** All stored texts of both servers, the graphs and the home folder, each with its location. */
export async function storedTexts(
  valkey: Redis,
  falkordb: Redis,
  home: string,
): Promise<(readonly [string, string])[]> {
  const graphs = await Promise.all(
    ((await falkordb.call('GRAPH.LIST')) as string[]).flatMap((name) =>
      ['MATCH (n) RETURN properties(n)', 'MATCH ()-[e]->() RETURN properties(e)'].map(
        async (query) => [`graph ${name}`, JSON.stringify(await falkordb.call('GRAPH.QUERY', name, query))] as const,
      ),
    ),
  );
  const files = await readdir(home, { recursive: true, withFileTypes: true }).catch(() => []);
  const texts = await Promise.all(
    files
      .filter((file) => file.isFile())
      .map(async ({ parentPath, name }) => [name, await readFile(join(parentPath, name), 'utf8')] as const),
  );
  return [...(await allTexts(valkey)), ...(await allTexts(falkordb)), ...graphs, ...texts];
}

async function textAt(connection: Redis, key: string): Promise<string> {
  switch (await connection.type(key)) {
    case 'string':
      return (await connection.get(key)) ?? '';
    case 'hash':
      return JSON.stringify(await connection.hgetall(key));
    case 'list':
      return JSON.stringify(await connection.lrange(key, 0, -1));
    case 'set':
      return JSON.stringify(await connection.smembers(key));
    case 'zset':
      return JSON.stringify(await connection.zrange(key, '0', '-1'));
    case 'stream':
      return JSON.stringify(await connection.xrange(key, '-', '+'));
    default:
      return '';
  }
}
